//! The fields of one service.

use super::*;

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
fn groups() {
    service_problems(&[
        (
            "\"cmd\": \"x\", \"groups\": [\"back end\", \"b\", \"b\"]",
            "",
        ),
        (
            "\"cmd\": \"x\", \"groups\": \"b\"",
            "1:43 wrong_type services.a.groups",
        ),
        (
            "\"cmd\": \"x\", \"groups\": [\"\"]",
            "1:44 empty_string services.a.groups[0]",
        ),
        (
            "\"cmd\": \"x\", \"groups\": [\"@b\"]",
            "1:44 invalid_group services.a.groups[0]",
        ),
    ]);
}

#[test]
fn where_output_is_shown() {
    service_problems(&[
        ("\"cmd\": \"x\", \"output\": \"quiet\"", ""),
        ("\"cmd\": \"x\", \"output\": \"show\"", ""),
        (
            "\"cmd\": \"x\", \"output\": \"silent\"",
            "1:43 unknown_value services.a.output",
        ),
        (
            "\"cmd\": \"x\", \"output\": false",
            "1:43 wrong_type services.a.output",
        ),
    ]);
}

#[test]
fn input_and_terminal() {
    service_problems(&[
        ("\"cmd\": \"x\", \"tty\": true", ""),
        ("\"cmd\": \"x\", \"tty\": false, \"stdin\": \"null\"", ""),
        (
            "\"cmd\": \"x\", \"kind\": \"oneshot\", \"stdin\": \"open\"",
            "",
        ),
        (
            "\"cmd\": \"x\", \"tty\": \"yes\"",
            "1:40 wrong_type services.a.tty",
        ),
        (
            "\"cmd\": \"x\", \"stdin\": \"closed\"",
            "1:42 unknown_value services.a.stdin",
        ),
        (
            "\"cmd\": \"x\", \"tty\": true, \"stdin\": \"null\"",
            "1:46 unused_field services.a.stdin",
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
