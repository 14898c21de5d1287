//! The file as a whole: its top-level fields, duplicate keys, JSON5 spellings, syntax errors.

use super::*;

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
    assert_eq!(config.services[0].port, Some(PortChoice::Fixed(80)));
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
