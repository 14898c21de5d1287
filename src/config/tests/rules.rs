use super::*;

#[track_caller]
fn service_problems(cases: &[(&str, &str)]) {
    for (fields, expected) in cases {
        let found = problems(&service(fields));
        let expected: Vec<&str> = expected.split(" | ").filter(|p| !p.is_empty()).collect();
        assert_eq!(found, expected, "{fields}");
    }
}

#[test]
fn the_file_as_a_whole() {
    for (text, expected) in [
        ("{}", "1:1 missing_field"),
        ("[]", "1:1 wrong_type"),
        ("\n 5", "2:2 wrong_type"),
        ("", "1:1 syntax"),
        ("\u{feff}{\"services\": 1}", "1:14 wrong_type services"),
        ("{\"services\": {}}", "1:14 empty_services services"),
        (
            "{\"$schema\": 1, \"services\": {}}",
            "1:13 wrong_type $schema | 1:28 empty_services services",
        ),
        (
            "{\n  \"services\": {},\n  \"servces\": {}\n}",
            "2:15 empty_services services | 3:3 unknown_field servces",
        ),
    ] {
        assert_eq!(problems(text).join(" | "), expected, "{text}");
    }
}

/// What people bring from other tools, and what they are told.
#[test]
fn help_names_what_is_meant() {
    for (fields, help) in [
        ("\"command\": \"x\"", "`cmd`"),
        ("\"environment\": {}", "`env`"),
        ("\"working_dir\": \"x\"", "`cwd`"),
        ("\"healthcheck\": {}", "`ready`"),
        ("\"restart\": \"always\"", "not restarted"),
        ("\"shell\": true", "[\"sh\", \"-c\", \"…\"]"),
        ("\"image\": \"postgres\"", "docker compose up"),
        ("\"ports\": [\"80:80\"]", "`port`"),
        ("\"env\": {\"PORT\": 3000}", "write \"3000\""),
        ("\"env\": {\"DEBUG\": true}", "write \"true\""),
        ("\"port\": \"3000\"", "write 3000, without quotes"),
        ("\"dependsOn\": \"db\"", "write [\"db\"]"),
        ("\"dependsOn\": {\"db\": {}}", "[\"db\", \"cache\"]"),
        (
            "\"ready\": \"http://localhost:1/x\"",
            "write { \"type\": \"http\", \"url\": \"http://localhost:1/x\" }",
        ),
        ("\"ready\": \"tcp\"", "write { \"type\": \"tcp\" }"),
        (
            "\"ready\": \"log\"",
            "write { \"type\": \"log\", \"pattern\": … }",
        ),
        ("\"ready\": \"healthy\"", "with one of: "),
    ] {
        let found = problem(&service(&format!("\"cmd\": \"x\", {fields}")));
        let given = found.help.clone().unwrap_or_default();
        assert!(given.contains(help), "{fields}: {found:?}");
    }
}

#[test]
fn what_nobody_expands_is_told() {
    service_problems(&[
        (
            "\"cmd\": [\"node server.js\"]",
            "1:29 shell_syntax services.a.cmd[0]",
        ),
        (
            "\"cmd\": [\"sh\", \"-c\", \"x\", \"&&\", \"y\"]",
            "1:46 shell_syntax services.a.cmd[3]",
        ),
        (
            "\"cmd\": \"x\", \"ready\": {\"type\": \"exec\", \"cmd\": \"curl $URL\"}",
            "1:66 shell_syntax services.a.ready.cmd",
        ),
        (
            "\"cmd\": \"x\", \"cwd\": \"~/shop\"",
            "1:40 not_expanded services.a.cwd",
        ),
        (
            "\"cmd\": \"x\", \"cwd\": \"packages/*\"",
            "1:40 not_expanded services.a.cwd",
        ),
        (
            "\"cmd\": \"x\", \"env\": {\"PATH\": \"./bin:$PATH\", \"CORS\": \"*\"}",
            "1:49 not_expanded services.a.env.PATH",
        ),
    ]);
}

#[test]
fn what_nobody_expands_in_a_dotenv_file_is_told_once_a_file() {
    let dir = tempfile::tempdir().unwrap();
    let text = "A=1\nB='$HOME'\nC=\"\\$HOME $1\"\nexport D=$HOME/x # no\nE=~\nF=a\\\n";
    std::fs::write(dir.path().join(".env"), text).unwrap();
    let origin = Origin {
        name: "flowlayer.jsonc".to_owned(),
        dir: dir.path().to_owned(),
    };
    let config = "{\"services\": {\"a\": {\"cmd\": \"x\", \"envFile\": [\".env\", \"none\"]},
        \"b\": {\"cmd\": \"x\", \"envFile\": \".env\"}}}";
    let report = check(config.as_bytes().to_vec(), origin);
    let [problem] = report.problems.as_slice() else {
        panic!("{:?}", report.problems);
    };
    assert_eq!(
        (problem.code, problem.path.as_str()),
        (Code::NotExpanded, "services.a.envFile[0]")
    );
    assert!(problem.message.starts_with("line 4 of "), "{problem:?}");
    let end = "variables are not expanded in D (and 2 more variables)";
    assert!(problem.message.ends_with(end), "{problem:?}");
}

#[test]
fn session_logs_and_log_view() {
    for (field, expected) in [
        ("\"session\": {}", ""),
        ("\"session\": []", "1:13 wrong_type session"),
        (
            "\"session\": {\"bind\": \"127.0.0.1:6999\", \"addr\": \"x:1\", \"token\": \"t\"}",
            "",
        ),
        (
            "\"session\": {\"bind\": \"127.0.0.1:0\"}",
            "1:22 invalid_bind session.bind",
        ),
        (
            "\"session\": {\"bind\": \":65536\"}",
            "1:22 invalid_bind session.bind",
        ),
        (
            "\"session\": {\"bind\": 6999}",
            "1:22 wrong_type session.bind",
        ),
        (
            "\"session\": {\"addr\": \":1\"}",
            "1:22 invalid_addr session.addr",
        ),
        (
            "\"session\": {\"token\": \"\"}",
            "1:23 empty_string session.token",
        ),
        (
            "\"session\": {\"token\": \"a b\"}",
            "1:23 invalid_token session.token",
        ),
        (
            "\"session\": {\"token\": null}",
            "1:23 wrong_type session.token",
        ),
        (
            "\"session\": {\"Token\": \"x\"}",
            "1:14 unknown_field session.Token",
        ),
        ("\"logs\": {\"dir\": \"\"}", "1:18 empty_string logs.dir"),
        (
            "\"logs\": {\"dir\": \"a\\u0000\"}",
            "1:18 nul_byte logs.dir",
        ),
        (
            "\"logs\": {\"bufferSize\": 0}",
            "1:25 out_of_range logs.bufferSize",
        ),
        (
            "\"logs\": {\"bufferSize\": 1.5}",
            "1:25 out_of_range logs.bufferSize",
        ),
        (
            "\"logs\": {\"maxBytes\": -1}",
            "1:23 out_of_range logs.maxBytes",
        ),
        ("\"logs\": {\"maxBytes\": 1, \"bufferSize\": 1}", ""),
        (
            "\"logView\": {\"maxEntries\": 0}",
            "1:28 out_of_range logView.maxEntries",
        ),
        (
            "\"logView\": {\"all\": {\"maxEntries\": \"1\"}}",
            "1:36 wrong_type logView.all.maxEntries",
        ),
        ("\"logView\": {\"all\": 5}", "1:21 wrong_type logView.all"),
        (
            "\"logView\": {\"all\": {\"max\": 5}}",
            "1:22 unknown_field logView.all.max",
        ),
    ] {
        let text = format!("{{{field}, \"services\": {{\"a\": {{\"cmd\": \"x\"}}}}}}");
        assert_eq!(problems(&text).join(" | "), expected, "{field}");
    }
}

#[test]
fn commands() {
    service_problems(&[
        ("", "1:14 missing_field services.a"),
        ("\"cmd\": \"a  b\"", ""),
        ("\"cmd\": [\"a b\", \"\"]", ""),
        ("\"cmd\": \" \\t\"", "1:28 empty_command services.a.cmd"),
        ("\"cmd\": []", "1:28 empty_command services.a.cmd"),
        (
            "\"cmd\": [\"\", \"x\"]",
            "1:28 empty_command services.a.cmd",
        ),
        ("\"cmd\": {}", "1:28 wrong_type services.a.cmd"),
        ("\"cmd\": [\"a\", 5]", "1:34 wrong_type services.a.cmd[1]"),
        (
            "\"cmd\": [\"a\", \"b\\u0000\"]",
            "1:34 nul_byte services.a.cmd[1]",
        ),
        ("\"cmd\": \"a\\u0000\"", "1:28 nul_byte services.a.cmd"),
        (
            "\"cmd\": \"x\", \"stopCmd\": \"\"",
            "1:44 empty_command services.a.stopCmd",
        ),
        (
            "\"cmd\": \"sh -c 'a b'\"",
            "1:28 shell_syntax services.a.cmd",
        ),
        ("\"cmd\": [\"sh\", \"-c\", \"'a' && b\"]", ""),
        (
            "\"cmd\": \"x\", \"stopCmd\": \"a | b\"",
            "1:44 shell_syntax services.a.stopCmd",
        ),
    ]);
}

#[test]
fn the_other_fields_of_a_service() {
    service_problems(&[
        ("\"cmd\": \"x\", \"kind\": \"oneshot\"", ""),
        (
            "\"cmd\": \"x\", \"kind\": \"daemons\"",
            "1:41 unknown_value services.a.kind",
        ),
        (
            "\"cmd\": \"x\", \"kind\": 1",
            "1:41 wrong_type services.a.kind",
        ),
        ("\"cmd\": \"x\", \"port\": 0", ""),
        ("\"cmd\": \"x\", \"port\": 65535", ""),
        (
            "\"cmd\": \"x\", \"port\": 65536",
            "1:41 out_of_range services.a.port",
        ),
        (
            "\"cmd\": \"x\", \"port\": -1",
            "1:41 out_of_range services.a.port",
        ),
        (
            "\"cmd\": \"x\", \"port\": \"80\"",
            "1:41 wrong_type services.a.port",
        ),
        (
            "\"cmd\": \"x\", \"port\": 99999999999999999999",
            "1:41 out_of_range services.a.port",
        ),
        (
            "\"cmd\": \"x\", \"port\": Infinity",
            "1:41 not_jsonc | 1:41 wrong_type services.a.port",
        ),
        (
            "\"cmd\": \"x\", \"port\": null",
            "1:41 wrong_type services.a.port",
        ),
        ("\"cmd\": \"x\", \"autoStart\": false", ""),
        (
            "\"cmd\": \"x\", \"autoStart\": \"no\"",
            "1:46 wrong_type services.a.autoStart",
        ),
        ("\"cmd\": \"x\", \"envFile\": \".env\"", ""),
        (
            "\"cmd\": \"x\", \"envFile\": [\".env\", \"\"]",
            "1:53 empty_string services.a.envFile[1]",
        ),
        (
            "\"cmd\": \"x\", \"envFile\": 5",
            "1:44 wrong_type services.a.envFile",
        ),
        (
            "\"cmd\": \"x\", \"envFile\": {\"path\": \"e\", \"required\": false}",
            "",
        ),
        (
            "\"cmd\": \"x\", \"envFile\": [{\"required\": false}]",
            "1:45 missing_field services.a.envFile[0]",
        ),
        (
            "\"cmd\": \"x\", \"envFile\": [{\"path\": \"e\", \"optional\": true}]",
            "1:59 unknown_field services.a.envFile[0].optional",
        ),
        (
            "\"cmd\": \"x\", \"envFile\": [{\"path\": \"e\", \"required\": \"no\"}]",
            "1:71 wrong_type services.a.envFile[0].required",
        ),
        (
            "\"cmd\": \"x\", \"cwd\": \"\"",
            "1:40 empty_string services.a.cwd",
        ),
        (
            "\"cmd\": \"x\", \"cwd\": \"b\"",
            "1:40 missing_cwd services.a.cwd",
        ),
        ("\"cmd\": \"x\", \"cwd\": \"/\"", ""),
        (
            "\"cmd\": \"x\", \"logView\": {\"maxEntries\": 0}",
            "1:59 out_of_range services.a.logView.maxEntries",
        ),
        (
            "\"cmd\": \"x\", \"logView\": {\"all\": {}}",
            "1:45 unknown_field services.a.logView.all",
        ),
        (
            "\"cmd\": \"x\", \"x\": 1",
            "1:33 unknown_field services.a.x",
        ),
    ]);
}

#[test]
fn how_a_service_is_stopped() {
    service_problems(&[
        ("\"cmd\": \"x\", \"stopGraceMs\": 1", ""),
        (
            "\"cmd\": \"x\", \"stopGraceMs\": 0",
            "1:48 out_of_range services.a.stopGraceMs",
        ),
        ("\"cmd\": \"x\", \"stopSignal\": \"SIGUSR2\"", ""),
        (
            "\"cmd\": \"x\", \"stopSignal\": \"SIGKILL\"",
            "1:47 unknown_value services.a.stopSignal",
        ),
        (
            "\"cmd\": \"x\", \"stopSignal\": 15",
            "1:47 wrong_type services.a.stopSignal",
        ),
        ("\"cmd\": \"x\", \"stopScope\": \"leader\"", ""),
        (
            "\"cmd\": \"x\", \"stopScope\": \"leaders\"",
            "1:46 unknown_value services.a.stopScope",
        ),
    ]);
}

#[test]
fn environment() {
    service_problems(&[
        ("\"cmd\": \"x\", \"env\": {\"A\": \"\", \"b.c\": \"d\"}", ""),
        (
            "\"cmd\": \"x\", \"env\": [\"A=1\"]",
            "1:40 wrong_type services.a.env",
        ),
        (
            "\"cmd\": \"x\", \"env\": {\"A\": 1}",
            "1:46 wrong_type services.a.env.A",
        ),
        (
            "\"cmd\": \"x\", \"env\": {\"\": \"\"}",
            "1:41 invalid_env_name services.a.env[\"\"]",
        ),
        (
            "\"cmd\": \"x\", \"env\": {\"A=B\": \"\"}",
            "1:41 invalid_env_name services.a.env[\"A=B\"]",
        ),
        (
            "\"cmd\": \"x\", \"env\": {\"A\\u0000\": \"\"}",
            "1:41 nul_byte services.a.env[\"A\\u0000\"]",
        ),
        (
            "\"cmd\": \"x\", \"env\": {\"A\": \"\\u0000\"}",
            "1:46 nul_byte services.a.env.A",
        ),
        (
            "\"cmd\": \"x\", \"env\": {\"A\": \"1\", \"A\": \"2\"}",
            "1:51 duplicate_key services.a.env.A",
        ),
    ]);
}

#[test]
fn readiness() {
    service_problems(&[
        (
            "\"cmd\": \"x\", \"ready\": {\"type\": \"none\", \"url\": 1, \"port\": \"x\"}",
            "",
        ),
        (
            "\"cmd\": \"x\", \"ready\": 5",
            "1:42 wrong_type services.a.ready",
        ),
        (
            "\"cmd\": \"x\", \"ready\": {}",
            "1:33 missing_field services.a.ready",
        ),
        (
            "\"cmd\": \"x\", \"ready\": {\"type\": \"http\"}",
            "1:33 missing_field services.a.ready",
        ),
        (
            "\"cmd\": \"x\", \"ready\": {\"type\": \"tcp\"}",
            "1:33 missing_field services.a.ready",
        ),
        (
            "\"cmd\": \"x\", \"ready\": {\"type\": \"tcp\"}, \"port\": 80",
            "",
        ),
        (
            "\"cmd\": \"x\", \"ready\": {\"type\": \"tcp\"}, \"port\": -80",
            "1:67 out_of_range services.a.port",
        ),
        (
            "\"cmd\": \"x\", \"ready\": {\"type\": \"tcp\", \"port\": 0}",
            "1:66 out_of_range services.a.ready.port",
        ),
        (
            "\"cmd\": \"x\", \"ready\": {\"type\": \"http\", \"url\": \"/x\"}",
            "1:66 invalid_url services.a.ready.url",
        ),
        (
            "\"cmd\": \"x\", \"ready\": {\"type\": \"log\", \"pattern\": \"(\"}",
            "1:69 invalid_pattern services.a.ready.pattern",
        ),
        (
            "\"cmd\": \"x\", \"ready\": {\"type\": \"exec\", \"cmd\": [\"a\", 1]}",
            "1:72 wrong_type services.a.ready.cmd[1]",
        ),
        (
            "\"cmd\": \"x\", \"ready\": {\"type\": \"tcpp\", \"timeoutMs\": 0}",
            "1:51 unknown_value services.a.ready.type | 1:72 out_of_range services.a.ready.timeoutMs",
        ),
        (
            "\"cmd\": \"x\", \"port\": 1, \"ready\": {\"type\": \"tcp\", \"url\": \"x\", \"uri\": \"x\"}",
            "1:69 unused_field services.a.ready.url | 1:81 unknown_field services.a.ready.uri",
        ),
    ]);
}

#[test]
fn names() {
    for (services, expected) in [
        ("\"\": {\"cmd\": \"x\"}", "1:14 empty_name services[\"\"]"),
        ("\"a.b c\": {}", "1:14 missing_field services[\"a.b c\"]"),
        (
            "\"all logs\": {\"cmd\": \"x\"}",
            "1:14 reserved_name services[\"all logs\"]",
        ),
        (
            "\"Api\": {\"cmd\": \"x\"}, \"api\": {\"cmd\": \"x\"}",
            "1:35 similar_names services.api",
        ),
        (
            "\"a\": {\"cmd\": \"x\"}, \"\\u0061\": {\"cmd\": \"\"}",
            "1:33 duplicate_key services.a | 1:51 empty_command services.a.cmd",
        ),
        (
            "\"a\": {\"cmd\": \"x\", \"port\": 5}, \"b\": {\"cmd\": \"x\", \"port\": 5}",
            "1:70 same_port services.b.port",
        ),
        (
            "\"a\": {\"cmd\": \"x\", \"port\": 0}, \"b\": {\"cmd\": \"x\", \"port\": 0}",
            "",
        ),
        ("\"a\": 5", "1:19 wrong_type services.a"),
    ] {
        let text = format!("{{\"services\":{{{services}}}}}");
        assert_eq!(problems(&text).join(" | "), expected, "{services}");
    }
}

#[test]
fn dependencies() {
    let text = "{\"services\": {
  \"a\": {\"cmd\": \"x\", \"dependsOn\": [\"a\", \"\", \"c\", \"B\", 5]},
  \"b\": {\"cmd\": \"x\", \"dependsOn\": \"a\"}}}";
    assert_eq!(
        problems(text),
        [
            "2:35 self_dependency services.a.dependsOn[0]",
            "2:40 empty_string services.a.dependsOn[1]",
            "2:44 unknown_dependency services.a.dependsOn[2]",
            "2:49 unknown_dependency services.a.dependsOn[3]",
            "2:54 wrong_type services.a.dependsOn[4]",
            "3:34 wrong_type services.b.dependsOn",
        ]
    );
    let help = |at: usize| report(text).problems[at].help.clone();
    assert_eq!(help(2).as_deref(), Some("did you mean \"b\"?"));
    assert_eq!(help(3).as_deref(), Some("did you mean \"b\"?"));
}

#[test]
fn a_cycle_names_the_place_of_every_link() {
    let text = "{\"services\": {
  \"c\": {\"cmd\": \"x\", \"dependsOn\": [\"x\", \"a\"]},
  \"b\": {\"cmd\": \"x\", \"dependsOn\": [\"c\"]},
  \"a\": {\"cmd\": \"x\", \"dependsOn\": [\"b\"]},
  \"x\": {\"cmd\": \"x\"}}}";
    let problem = problem(text);
    assert_eq!(
        problem.message,
        "dependency cycle detected among services: a -> b -> c -> a"
    );
    assert_eq!(problem.path, "services.a.dependsOn[0]");
    assert_eq!(
        problem.position,
        Position {
            line: 4,
            column: 35
        }
    );
    let related: Vec<_> = problem
        .related
        .iter()
        .map(|related| {
            (
                related.path.as_str(),
                related.position.line,
                related.message.as_str(),
            )
        })
        .collect();
    assert_eq!(
        related,
        [
            ("services.b.dependsOn[0]", 3, "\"b\" depends on \"c\""),
            ("services.c.dependsOn[1]", 2, "\"c\" depends on \"a\""),
        ]
    );
}

#[test]
fn duplicates_are_seen_everywhere() {
    let text = "{\"services\":{},\n\"services\":{},\n\"x\":[{\"y\":1,\"y\":1}]}";
    assert_eq!(
        problems(text),
        [
            "1:13 empty_services services",
            "2:1 duplicate_key services",
            "3:1 unknown_field x",
            "3:13 duplicate_key x[0].y"
        ]
    );
    let related = &report(text).problems[1].related;
    assert_eq!(related[0].position, Position { line: 1, column: 2 });
}

#[test]
fn json5_spellings_are_read_and_reported_once_each() {
    let text = "{services: {'a': {cmd: 'x', port: 0x50}}}";
    assert_eq!(
        problems(text),
        ["1:2 not_jsonc", "1:13 not_jsonc", "1:35 not_jsonc"]
    );
    let report = report(text);
    let messages: Vec<_> = report.problems.iter().map(|p| p.message.as_str()).collect();
    assert_eq!(
        messages,
        [
            "a key without quotes is JSON5, not JSONC (and 2 more)",
            "a string in single quotes is JSON5, not JSONC (and 1 more)",
            "a hexadecimal number is JSON5, not JSONC",
        ]
    );
    let (config, _) = report.meant.unwrap();
    assert_eq!(config.services[0].port, Some(80));
}

#[test]
fn a_syntax_error_comes_with_all_that_is_certain_before_it() {
    let text = "{\"sesion\": {},
  \"services\": {
    \"a\": {\"port\": -1, \"dependsOn\": [\"z\"]},
    \"b\": {\"cmd\": \"x\", \"ready\": {\"timeoutMs\": 0,
    \"c\": {\"cmd\": \"x\" \"port\": 1}
}";
    // Nothing is missing for sure in what is not closed, and `z` may come yet.
    assert_eq!(
        problems(text),
        [
            "1:2 unknown_field sesion",
            "3:5 missing_field services.a",
            "3:19 out_of_range services.a.port",
            "4:46 out_of_range services.b.ready.timeoutMs",
            "5:5 unknown_field services.b.ready.c",
            "5:22 syntax",
        ]
    );
}
