//! Shell syntax that nothing expands.

use super::*;

#[test]
fn shell_syntax_in_fields_is_a_warning() {
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
            "\"cmd\": [\"~/bin/api\"]",
            "1:29 shell_syntax services.a.cmd[0]",
        ),
        (
            "\"cmd\": [\"npm\", \"start\\\\\"]",
            "1:36 shell_syntax services.a.cmd[1]",
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
fn shell_syntax_in_a_dotenv_file_is_one_warning_a_file() {
    let dir = tempfile::tempdir().unwrap();
    let text = "A=1\nB='$HOME'\nC=\"\\$HOME $1\"\nexport D=$HOME/x # no\nE=~\nF=a\\\n";
    std::fs::write(dir.path().join(".env"), text).unwrap();
    let origin = Origin {
        name: "flowlayer.jsonc".to_owned(),
        dir: dir.path().to_owned(),
        path: "/nowhere/flowlayer.jsonc".into(),
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
