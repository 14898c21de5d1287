//! The help of problems.

use super::*;

/// Fields and values that people bring from other tools.
#[test]
fn help_names_the_field_to_use() {
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
