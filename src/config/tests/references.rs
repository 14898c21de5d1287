//! References: what they stand for, and what is wrong with them.

use std::collections::BTreeMap;
use std::ffi::OsString;

use proptest::prelude::*;

use super::*;

fn values(variables: &[(&str, &str)]) -> Values {
    let environment = variables.iter();
    let environment = environment.map(|(name, value)| (name.into(), value.into()));
    Values {
        environment: environment.collect(),
        ports: BTreeMap::from([("free".into(), 20_123)]),
        directory: "/here".into(),
    }
}

/// A stack with `web` on port 3000 behind a probe, and `a` with these fields.
fn stack(fields: &str) -> String {
    format!(
        "{{\"services\":{{\"a\":{{{fields}}},
          \"web\":{{\"cmd\":\"x\",\"port\":3000,\"ready\":{{\"type\":\"http\",\"url\":\"http://localhost:3000/up\"}}}},
          \"job\":{{\"cmd\":\"x\"}}}}}}"
    )
}

#[test]
fn another_scheme_than_http_is_wrong_whatever_follows() {
    for fields in [
        r#""cmd": "x", "url": "ftp://${env.X:-x}/""#,
        r#""cmd": "x", "ready": {"type": "http", "url": "ws://${env.X:-x}/"}"#,
    ] {
        let problem = &problems_of(fields)[0];
        assert_eq!(problem.code, Code::InvalidUrl, "{problem:?}");
        assert!(
            problem.message.contains("does not start with"),
            "{problem:?}"
        );
    }
    for url in [
        "http://${env.X:-x}/",
        "HTTPS://${env.X:-x}/",
        "${env.X:-x}://a",
    ] {
        assert_eq!(
            problems_of(&format!("\"cmd\": \"x\", \"url\": \"{url}\"")),
            [],
            "{url}"
        );
    }
}

fn problems_of(fields: &str) -> Vec<Problem> {
    report(&stack(fields)).problems
}

#[test]
fn every_field_that_takes_references_gets_their_values() {
    let (config, _) = meant(&stack(
        r#""cmd": "run --api=${services.web.url}/v1 ${env.WORDS} ${env.NONE:-a b}", "port": 4000,
          "stopCmd": ["stop", "${services.a.port}"],
          "env": {"PEER": "${services.web.port}", "DB": "${session.name}", "RAW": "$${env.A} ${HOME} $x"},
          "envFile": [".env.${env.STAGE:-dev}", {"path": "${env.ROOT}/.env"}],
          "cwd": "${env.ROOT}/a", "url": "http://localhost:${services.a.port}/app",
          "ready": {"type": "http", "url": "${services.a.url}/health"}"#,
    ));
    let values = values(&[("WORDS", "two words"), ("STAGE", ""), ("ROOT", "/srv")]);
    let Resolved {
        run, shown, ready, ..
    } = resolve(&config, 0, &values).unwrap();
    assert_eq!(
        run.argv,
        ["run", "--api=http://localhost:3000/v1", "two words", "a b"]
    );
    assert_eq!(run.stop_argv.unwrap(), ["stop", "4000"]);
    let name = session_name(&config);
    let env: BTreeMap<_, _> = run.env.into_iter().collect();
    assert_eq!(env["PEER"], "3000");
    assert_eq!(env["DB"], name);
    assert_eq!(env["RAW"], "${env.A} ${HOME} $x");
    let files: Vec<_> = run.env_files.iter().map(|file| file.path.clone()).collect();
    assert_eq!(
        files,
        [Path::new("/nowhere/.env.dev"), Path::new("/srv/.env")]
    );
    assert_eq!(run.cwd, Path::new("/srv/a"));
    assert_eq!(run.url.as_deref(), Some("http://localhost:4000/app"));
    let ready = ready.unwrap();
    assert_eq!(ready.probe.target(), "http://localhost:4000/app/health");

    // What others see has everything but the values of variables.
    assert_eq!(
        shown.argv,
        [
            "run",
            "--api=http://localhost:3000/v1",
            "${env.WORDS}",
            "${env.NONE:-a b}"
        ]
    );
    assert_eq!(shown.cwd, Path::new("${env.ROOT}/a"));
    assert_eq!(shown.url.as_deref(), Some("http://localhost:4000/app"));
    let masked = texts(&config, 0, &values, Variables::As("***")).unwrap();
    assert_eq!(masked.argv[2..], ["***", "***"]);
}

#[test]
fn the_name_of_a_session_is_its_directory_and_four_digits() {
    let (mut config, _) = meant("{\"services\": {}}");
    config.path = "/home/me/shop/flowlayer.jsonc".into();
    let name = session_name(&config);
    let (directory, digits) = name.rsplit_once('-').unwrap();
    assert_eq!((directory, digits.len()), ("shop", 4));
    assert!(digits.bytes().all(|b| b.is_ascii_hexdigit()));
    config.path = "/home/you/shop/flowlayer.jsonc".into();
    assert_ne!(session_name(&config), name);
}

#[test]
fn a_service_without_a_url_opens_at_the_origin_of_its_probe() {
    let url = |ready: &str, variables: &[(&str, &str)]| {
        let (config, _) = meant(&stack(&format!("\"cmd\": \"x\", \"ready\": {ready}")));
        let resolved = resolve(&config, 0, &values(variables)).unwrap();
        (resolved.run.url, resolved.shown.url)
    };
    let both = |url: &str| (Some(url.to_owned()), Some(url.to_owned()));
    let http = |url: &str| format!("{{\"type\": \"http\", \"url\": \"{url}\"}}");
    assert_eq!(
        url(&http("https://u:p@app.localhost:8443/x?y"), &[]),
        both("https://app.localhost:8443")
    );
    assert_eq!(url(&http("http://example.com/"), &[]), (None, None));
    assert_eq!(url("{\"type\": \"tcp\", \"port\": 1}", &[]), (None, None));
    assert_eq!(
        url(&http("http://localhost:${env.P:-/}/x"), &[("P", "81")]),
        (
            Some("http://localhost:81".to_owned()),
            Some("http://localhost:${env.P:-/}".to_owned())
        )
    );
}

#[test]
fn what_is_wrong_with_a_reference_has_its_place() {
    let text = "{\"services\": {\"a\": {\n\"cmd\": [\"x\", \"a\\\"b ${services.wbe.port}\"],\n\"env\": {\"A\": \"${services.web.prt}\"}},\n\"web\": {\"cmd\": \"x ${services.a.port} ${env.FLOWLAYER_TOKEN} ${env.A\", \"port\": 1}}}";
    let found: Vec<_> = report(text)
        .problems
        .iter()
        .map(|problem| {
            let Position { line, column } = problem.position;
            let help = problem.help.clone().unwrap_or_default();
            (
                line,
                column,
                problem.code,
                text[problem.span.clone()].to_owned(),
                help,
            )
        })
        .collect();
    let expected = [
        (
            2,
            20,
            Code::UnknownService,
            "${services.wbe.port}",
            "did you mean \"web\"?",
        ),
        (
            3,
            15,
            Code::InvalidReference,
            "${services.web.prt}",
            "did you mean \"port\"?",
        ),
        (
            4,
            19,
            Code::InvalidReference,
            "${services.a.port}",
            "give that service a `port`",
        ),
        (4, 38, Code::InvalidReference, "${env.FLOWLAYER_TOKEN}", ""),
        (
            4,
            61,
            Code::InvalidReference,
            "${env.A",
            "write $$ for the text itself: \"$${env.NAME}\"",
        ),
    ];
    assert_eq!(
        found,
        expected.map(|(line, column, code, text, help)| (
            line,
            column,
            code,
            text.to_owned(),
            help.to_owned()
        ))
    );
}

#[test]
fn references_to_nothing_are_errors() {
    for (fields, code) in [
        (r#""cmd": "x ${services.job.url}""#, Code::InvalidReference),
        (r#""cmd": "x ${services.job.port}""#, Code::InvalidReference),
        (r#""cmd": "x ${services.none.url}""#, Code::UnknownService),
        (
            r#""cmd": "x", "ready": {"type": "exec", "cmd": "${services.none.port}"}"#,
            Code::UnknownService,
        ),
        (
            r#""cmd": "x", "ready": {"type": "http", "url": "localhost:${services.web.port}"}"#,
            Code::InvalidUrl,
        ),
        (r#""cmd": "x", "url": "${services.a.url}""#, Code::UrlCycle),
        (
            r#""cmd": "x", "ready": {"type": "http", "url": "${services.a.url}/x"}"#,
            Code::UrlCycle,
        ),
        (
            r#""cmd": "x", "cwd": "${session.dir}""#,
            Code::InvalidReference,
        ),
    ] {
        let found = problems_of(fields);
        assert_eq!(
            found.iter().map(|problem| problem.code).collect::<Vec<_>>(),
            [code],
            "{fields}: {found:?}"
        );
    }
    let text = r#"{"logs": {"dir": "${services.x.port}"}, "services": {"a": {"cmd": "x"}}}"#;
    assert_eq!(problem(text).code, Code::UnknownService);
}

#[test]
fn a_circle_of_urls_is_shown_with_all_its_places() {
    let problem = problem(
        r#"{"services": {"a": {"cmd": "x", "url": "${services.b.url}/a"},
          "b": {"cmd": "x", "ready": {"type": "http", "url": "${services.c.url}/b"}},
          "c": {"cmd": "x", "url": "${services.a.url}/c"}}}"#,
    );
    assert_eq!(problem.code, Code::UrlCycle);
    assert!(problem.message.ends_with("a -> b -> c -> a"), "{problem:?}");
    let related: Vec<_> = problem.related.iter().map(|other| &*other.path).collect();
    assert_eq!(related, ["services.b.ready.url", "services.c.url"]);
}

#[test]
fn what_a_variable_cannot_be_is_an_error_when_the_session_starts() {
    use std::os::unix::ffi::OsStringExt as _;
    for (fields, variable, code) in [
        (r#""cmd": "x ${env.V}""#, None, Code::UnsetVariable),
        (r#""cmd": "${env.V}""#, Some(""), Code::EmptyCommand),
        (
            r#""cmd": "x", "cwd": "${env.V}""#,
            Some(""),
            Code::EmptyString,
        ),
        (r#""cmd": "x ${env.V}""#, Some("a\0b"), Code::NulByte),
        (
            r#""cmd": "x", "url": "http://localhost/${env.V}""#,
            Some("a\nb"),
            Code::InvalidUrl,
        ),
        (
            r#""cmd": "x", "url": "${env.V}""#,
            Some("secret"),
            Code::InvalidUrl,
        ),
        (
            r#""cmd": "x", "ready": {"type": "http", "url": "http://localhost:${env.V}"}"#,
            Some("secret"),
            Code::InvalidUrl,
        ),
    ] {
        let (config, _) = meant(&stack(fields));
        let set: Vec<_> = variable.map(|value| ("V", value)).into_iter().collect();
        let found = resolve(&config, 0, &values(&set)).unwrap_err();
        assert!(
            found.iter().all(|problem| problem.code == code),
            "{fields}: {found:?}"
        );
        assert!(!format!("{found:?}").contains("secret"), "{found:?}");
    }
    let (config, _) = meant(&stack(r#""cmd": ["x", "${env.V}"]"#));
    let several = resolve(&config, 0, &values(&[("V", "a\nb c")])).unwrap();
    assert_eq!(several.run.argv, ["x", "a\nb c"]);
    let mut values = values(&[]);
    values
        .environment
        .insert("V".into(), OsString::from_vec(vec![0xff]));
    assert_eq!(
        resolve(&config, 0, &values).unwrap_err()[0].code,
        Code::InvalidReference
    );
    assert!(unset_variables(&config, &values).is_empty());
    let unset = unset_variables(&config, &Values::default());
    assert_eq!((unset.len(), unset[0].is_error()), (1, false));
}

#[test]
fn the_arguments_of_a_command_line_have_references_too() {
    let (config, _) = meant(&stack("\"cmd\": \"x\""));
    let fill = |written: &str| text(&config, &Values::default(), written);
    assert_eq!(
        fill("${services.web.url}/x $HOME ${env.A:-b}").as_deref(),
        Ok("http://localhost:3000/x $HOME b")
    );
    for (wrong, why) in [
        (
            "${services.wbe.url}",
            "there is no service \"wbe\"; did you mean \"web\"?",
        ),
        ("${services.job.port}", "\"job\" has no port to refer to"),
        (
            "${env.NONE}",
            "the variable NONE is not set; set it, or give a default: ${env.NAME:-default}",
        ),
        (
            "${env.A",
            "a reference without its `}`; write $$ for the text itself: \"$${env.NAME}\"",
        ),
    ] {
        assert_eq!(fill(wrong).unwrap_err(), why);
    }
}

/// Each url is twice the next one: filled in without a bound this is 2^40 of them.
#[test]
fn urls_that_are_made_of_urls_are_bounded() {
    use std::fmt::Write as _;
    for length in [30, 40] {
        let mut services = String::new();
        for index in 0..length {
            let next = index + 1;
            let url =
                format!("http://localhost/${{services.s{next}.url}}${{services.s{next}.url}}");
            write!(
                services,
                "\"s{index}\": {{\"cmd\": \"x\", \"url\": \"{url}\"}},"
            )
            .unwrap();
        }
        let text = format!(
            "{{\"services\": {{{services}\"s{length}\": {{\"cmd\": \"x\", \"url\": \"http://localhost\"}}}}}}"
        );
        let (config, _) = meant(&text);
        let found = resolve(&config, 0, &Values::default()).unwrap_err();
        assert_eq!(found[0].code, Code::InvalidReference);
    }
}

proptest! {
    /// Filling in is writing the values where the references stand.
    #[test]
    fn a_text_without_references_means_what_is_written(text in "([$]|[{}. :-]|env|services|[a-z\u{e9}\\\\\"]){0,20}") {
        prop_assume!(!text.contains("${env.") && !text.contains("${services."));
        let written = serde_json::json!({"services": {"a": {"cmd": ["x", text]}}});
        let (config, _) = meant(&written.to_string());
        prop_assert_eq!(&resolved(&config, 0).run.argv[1], &text);
    }
}
