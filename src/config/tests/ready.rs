use std::time::Duration;

use flowlayer_probes::KINDS;

use super::*;

/// The problems of a `ready` object, each as `code path`, in a service with these other fields.
#[track_caller]
fn ready_problems(ready: &str, others: &str) -> Vec<String> {
    let text = service(&format!("\"cmd\": \"x\", {others} \"ready\": {ready}"));
    let found = problems(&text);
    let brief = |line: &String| {
        let (_, line) = line.split_once(' ').unwrap();
        line.replace(" services.a.ready", " ").replace(" .", " ")
    };
    found.iter().map(brief).collect()
}

#[track_caller]
fn ready(text: &str, others: &str) -> Option<Ready> {
    let text = service(&format!("\"cmd\": \"x\", {others} \"ready\": {text}"));
    resolved(&meant(&text).0, 0).ready
}

#[test]
fn limits_come_from_the_object_or_from_the_kind() {
    let limits = |text: &str| {
        let ready = ready(text, "").unwrap();
        (ready.attempt_timeout.as_millis(), ready.timeout)
    };
    let http = "{\"type\": \"http\", \"url\": \"http://localhost/\"}";
    assert_eq!(limits(http), (10_000, None));
    assert_eq!(limits("{\"type\": \"tcp\", \"port\": 1}"), (200, None));
    assert_eq!(limits("{\"type\": \"exec\", \"cmd\": \"x\"}"), (5000, None));
    let own = "{\"type\": \"tcp\", \"port\": 1, \"timeoutMs\": 7, \"attemptTimeoutMs\": 9}";
    assert_eq!(limits(own), (9, Some(Duration::from_millis(7))));
}

#[test]
fn what_a_kind_needs_must_be_there() {
    for (text, message, help) in [
        (
            "{}",
            "`type` is required in `ready`",
            Some("known types: http, tcp, none, log, exec"),
        ),
        (
            "{\"type\": \"http\"}",
            "`url` or `path` is required in `ready` with type \"http\"",
            None,
        ),
        (
            "{\"type\": \"tcp\"}",
            "a tcp probe needs a port",
            Some("give `ready.port`, or the service's `port`"),
        ),
        (
            "{\"type\": \"log\"}",
            "`pattern` is required in `ready` with type \"log\"",
            None,
        ),
        (
            "{\"type\": \"exec\"}",
            "`cmd` is required in `ready` with type \"exec\"",
            None,
        ),
    ] {
        let problem = problem(&service(&format!("\"cmd\": \"x\", \"ready\": {text}")));
        assert_eq!(problem.code, Code::MissingField, "{text}");
        assert_eq!(problem.path, "services.a.ready");
        // At the key.
        assert_eq!(
            problem.position,
            Position {
                line: 1,
                column: 33
            }
        );
        assert_eq!(problem.message, message);
        assert_eq!(problem.help.as_deref(), help);
    }
}

#[test]
fn a_tcp_probe_takes_its_own_port_or_that_of_the_service() {
    let label = |text: &str| ready(text, "\"port\": 80,").unwrap().probe.label();
    assert_eq!(label("{\"type\": \"tcp\"}"), "tcp :80");
    assert_eq!(label("{\"type\": \"tcp\", \"port\": 8088}"), "tcp :8088");
    for port in ["0", "65536", "-1"] {
        let own = format!("{{\"type\": \"tcp\", \"port\": {port}}}");
        let found = ready_problems(&own, "\"port\": 80,");
        assert_eq!(found, ["out_of_range port"], "{port}");
    }
    // A wrong port of the service is wrong once, and not missing too.
    let found = problems(&service(
        "\"cmd\": \"x\", \"port\": -1, \"ready\": {\"type\": \"tcp\"}",
    ));
    assert_eq!(found, ["1:41 out_of_range services.a.port"]);
}

#[test]
fn a_probe_of_another_port_of_this_machine_is_a_warning() {
    let tcp = "{\"type\": \"tcp\", \"port\": 81}";
    let http = "{\"type\": \"http\", \"url\": \"http://localhost:81/\"}";
    for (text, warning) in [(tcp, "other_port port"), (http, "other_port url")] {
        assert_eq!(ready_problems(text, "\"port\": 80,"), [warning]);
        for others in ["", "\"port\": 81,", "\"port\": 0,"] {
            assert_eq!(ready_problems(text, others), [""; 0], "{others}");
        }
        for owner in ["service", "any"] {
            let text = text.replace('}', &format!(", \"owner\": \"{owner}\"}}"));
            assert_eq!(ready_problems(&text, "\"port\": 80,"), [""; 0]);
        }
    }
    let elsewhere = "{\"type\": \"http\", \"url\": \"http://example.org/\"}";
    assert_eq!(ready_problems(elsewhere, "\"port\": 81,"), [""; 0]);
}

#[test]
fn the_owner_is_one_of_two_and_for_probes_of_a_port() {
    let owner = |rest: &str| {
        let text = format!("{{\"type\": \"tcp\", \"port\": 1{rest}}}");
        ready(&text, "").unwrap().owner
    };
    assert_eq!(owner(""), ProbeOwner::Service);
    assert_eq!(owner(", \"owner\": \"service\""), ProbeOwner::Service);
    assert_eq!(owner(", \"owner\": \"any\""), ProbeOwner::Any);
    let other = "{\"type\": \"tcp\", \"port\": 1, \"owner\": \"all\"}";
    assert_eq!(ready_problems(other, ""), ["unknown_value owner"]);
    for text in [
        "\"log\", \"pattern\": \"x\"",
        "\"exec\", \"cmd\": \"x\"",
        "\"none\"",
    ] {
        let text = format!("{{\"type\": {text}, \"owner\": \"any\"}}");
        assert_eq!(ready_problems(&text, ""), ["unused_field owner"]);
    }
}

#[test]
fn all_that_is_wrong_is_reported_at_once() {
    let text =
        "{\"type\": \"http\", \"url\": 1, \"timeoutMs\": 0, \"attemptTimeoutMs\": \"1\", \"x\": 1}";
    assert_eq!(
        ready_problems(text, ""),
        [
            "wrong_type url",
            "out_of_range timeoutMs",
            "wrong_type attemptTimeoutMs",
            "unknown_field x",
        ]
    );
}

#[test]
fn an_unknown_type_names_the_known_ones_and_still_checks_the_rest() {
    let text = "{\"type\": \"smtp\", \"timeoutMs\": -1, \"url\": \"x\", \"uurl\": \"x\"}";
    let report = report(&service(&format!("\"cmd\": \"x\", \"ready\": {text}")));
    let shown = |problem: &Problem| (problem.message.clone(), problem.help.clone());
    let shown: Vec<_> = report.problems.iter().map(shown).collect();
    let some = |text: &str| Some(text.to_owned());
    assert_eq!(
        shown,
        [
            (
                "unknown probe type \"smtp\"".to_owned(),
                some("known values: http, tcp, none, log, exec")
            ),
            (
                "expected an integer from 1 to 4294967295, found -1".to_owned(),
                None
            ),
            (
                "unknown field \"uurl\" in `ready`".to_owned(),
                some("did you mean \"url\"?")
            ),
        ]
    );
    assert_eq!(ready_problems("{\"type\": 1}", ""), ["wrong_type type"]);
}

#[test]
fn fields_of_other_kinds_are_warnings_but_none_drops_url_and_port_silently() {
    let stray = "{\"type\": \"tcp\", \"port\": 1, \"url\": \"x\", \"cmd\": []}";
    assert_eq!(
        ready_problems(stray, ""),
        ["unused_field url", "unused_field cmd"]
    );
    let none = "{\"type\": \"none\", \"url\": 1, \"port\": \"x\"}";
    assert_eq!(ready_problems(none, ""), [""; 0]);
    assert!(ready(none, "").is_none());
    let none = "{\"type\": \"none\", \"pattern\": \"x\", \"timeoutMs\": 5}";
    assert_eq!(
        ready_problems(none, ""),
        ["unused_field pattern", "unused_field timeoutMs"]
    );
}

#[test]
fn a_refused_argument_is_reported_at_its_value() {
    for (text, code, message, help) in [
        (
            "{\"type\": \"http\", \"url\": \"localhost:3000\"}",
            Code::InvalidUrl,
            "\"localhost:3000\" does not start with http:// or https://",
            Some("write an absolute URL: \"http://localhost:3000/health\""),
        ),
        (
            "{\"type\": \"http\", \"url\": \"\"}",
            Code::InvalidUrl,
            "\"\" is not a URL: relative URL without a base",
            Some("write an absolute URL: \"http://localhost:3000/health\""),
        ),
        (
            "{\"type\": \"log\", \"pattern\": \"a(b\"}",
            Code::InvalidPattern,
            "not a regular expression: unclosed group",
            None,
        ),
    ] {
        let text = service(&format!("\"cmd\": \"x\", \"ready\": {text}"));
        let problem = problem(&text);
        assert_eq!((problem.code, &*problem.message), (code, message));
        assert_eq!(problem.help.as_deref(), help);
        assert!(text[problem.span].starts_with('"'));
    }
}

#[test]
fn headers_and_statuses_are_checked_where_they_stand() {
    let problem = |fields: &str| {
        let url = "\"url\": \"http://localhost/\"";
        let text = service(&format!(
            "\"cmd\": \"x\", \"ready\": {{\"type\": \"http\", {url}, {fields}}}"
        ));
        let problem = problem(&text);
        (
            problem.code,
            problem.path.replace("services.a.ready.", ""),
            text[problem.span].to_owned(),
            problem.message,
        )
    };
    for (fields, code, path, at) in [
        (
            "\"headers\": {\"X-A\": 1}",
            Code::WrongType,
            "headers.X-A",
            "1",
        ),
        (
            "\"headers\": {\"a b\": \"x\"}",
            Code::InvalidHeader,
            "headers[\"a b\"]",
            "\"a b\"",
        ),
        (
            "\"headers\": {\"A\": \"s3cret\\n\"}",
            Code::InvalidHeader,
            "headers.A",
            "\"s3cret\\n\"",
        ),
        ("\"headers\": []", Code::WrongType, "headers", "[]"),
        (
            "\"status\": [200, \"2xx\"]",
            Code::InvalidStatus,
            "status[1]",
            "\"2xx\"",
        ),
        ("\"status\": 600", Code::OutOfRange, "status", "600"),
        ("\"status\": true", Code::WrongType, "status", "true"),
    ] {
        let (found, found_path, found_at, message) = problem(fields);
        assert_eq!(
            (found, &*found_path, &*found_at),
            (code, path, at),
            "{fields}"
        );
        assert!(!message.contains("s3cret"), "{message}");
    }
    let ready = ready(
        "{\"type\": \"http\", \"url\": \"http://me:s3cret@localhost/\", \"headers\": {\"Authorization\": \"s3cret\"}, \"status\": \"200-599\"}",
        "",
    )
    .unwrap();
    assert_eq!(ready.probe.target(), "http://localhost/");
    let stray = "{\"type\": \"tcp\", \"port\": 1, \"headers\": {}, \"status\": 200}";
    assert_eq!(
        ready_problems(stray, ""),
        ["unused_field headers", "unused_field status"]
    );
}

#[test]
fn of_a_field_given_twice_the_first_counts() {
    let text = "{\"type\": \"tcp\", \"port\": 1, \"port\": 0, \"x\": 1, \"x\": 2}";
    assert_eq!(
        ready_problems(text, ""),
        ["duplicate_key port", "unknown_field x", "duplicate_key x"]
    );
}

#[test]
fn the_schema_names_every_kind_and_parameter() {
    let schema = json_schema();
    let ready = &schema["$defs"]["Ready"];
    let types = ready["properties"]["type"]["oneOf"].as_array().unwrap();
    assert_eq!(types.len(), KINDS.len());
    let parameters = KINDS.iter().flat_map(|kind| kind.parameters);
    for name in parameters
        .map(|parameter| parameter.name)
        .chain(["timeoutMs", "attemptTimeoutMs"])
    {
        assert!(ready["properties"][name].is_object(), "{name}");
    }
    assert_eq!(ready["additionalProperties"], serde_json::json!(false));
}
