//! Service names and `dependsOn`.

use super::*;

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
