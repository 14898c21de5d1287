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
        (
            "\"ready\": 3000",
            "write { \"type\": \"tcp\", \"port\": 3000 }",
        ),
        ("\"ready\": true", "write { \"type\": … } with one of: "),
        ("\"env\": [\"A=1=2\"]", "write { \"A\": \"1=2\" }"),
        ("\"env\": \"A=1\"", "write { \"A\": \"1\" }"),
        (
            "\"env\": [{\"name\": \"A\"}]",
            "write { \"NAME\": \"value\" }",
        ),
    ] {
        let found = problem(&service(&format!("\"cmd\": \"x\", {fields}")));
        let given = found.help.clone().unwrap_or_default();
        assert!(given.contains(help), "{fields}: {found:?}");
    }
}

/// Whole files and services in the wrong form.
#[test]
fn help_shows_the_form_of_services() {
    let file = |services: &str| format!("{{\"services\": {services}}}");
    for (text, help) in [
        (file("[]"), "write { \"api\": { \"cmd\": … } }"),
        (
            file("{\"a\": \"npm start\"}"),
            "write { \"cmd\": \"npm start\" }",
        ),
        (file("{\"a\": [\"npm\"]}"), "write { \"cmd\": […] }"),
        (
            "{\"version\": \"3\", \"services\": {\"a\": {\"cmd\": \"x\"}}}".to_owned(),
            "leave it out",
        ),
    ] {
        let found = problem(&text);
        let given = found.help.clone().unwrap_or_default();
        assert!(given.contains(help), "{text}: {found:?}");
    }
}
