use super::*;

fn codes(bytes: Vec<u8>) -> Vec<&'static str> {
    let report = check(bytes, origin());
    report
        .problems
        .iter()
        .map(|problem| problem.code.as_str())
        .collect()
}

#[test]
fn brackets_without_end() {
    for text in ["[".repeat(100_000), "{\"services\":".repeat(100_000)] {
        assert_eq!(codes(text.into_bytes()), ["too_deep"]);
    }
}

#[test]
fn bytes_that_are_not_text() {
    let report = check(b"{\n \"a\xc3\xa9\xff\": 1}".to_vec(), origin());
    let problem = &report.problems[0];
    assert_eq!(problem.code, Code::InvalidUtf8);
    assert_eq!(problem.position, Position { line: 2, column: 5 });
    assert_eq!(&report.source.text[problem.span.clone()], "\u{fffd}");
    assert_eq!(report.problems.len(), 1);
    let utf16: Vec<u8> = "\u{feff}{}"
        .encode_utf16()
        .flat_map(u16::to_le_bytes)
        .collect();
    let report = check(utf16, origin());
    assert_eq!(
        report.problems[0].help.as_deref(),
        Some("it looks like UTF-16: save it as UTF-8")
    );
    // Cut in the middle of a character.
    assert_eq!(codes(b"{}\xe2\x82".to_vec()), ["invalid_utf8"]);
}

#[test]
fn nul_bytes() {
    assert_eq!(codes(vec![0; 1000]), ["syntax"]);
    assert_eq!(
        codes(b"{\"services\": {\"a\0\": {\"cmd\": \"x\0\"}}}".to_vec()),
        ["not_jsonc", "nul_byte"]
    );
}

#[test]
fn more_problems_than_anybody_reads() {
    let text = format!("{{{}\"services\": {{}}}}", "\"x\": 1,".repeat(5000));
    let report = report(&text);
    assert_eq!(report.problems.len(), 1001);
    let last = report.problems.last().unwrap();
    assert_eq!(last.code, Code::TooManyProblems);
    // 4,999 duplicates, 5,000 unknown fields and the warning about no services.
    assert_eq!(last.message, "9000 more problems are not shown");
    assert!(last.is_error());
}

/// Work that grew with the square of the input would take minutes here.
#[test]
fn large_files_full_of_mistakes() {
    let members = |member: &str, times: usize| {
        let members: Vec<String> = (0..times)
            .map(|n| member.replace('#', &n.to_string()))
            .collect();
        members.join(",")
    };
    let fields = members("\"field#\": 1", 50_000);
    let ready = format!("{{\"services\": {{\"a\": {{\"cmd\": \"x\", \"ready\": {{{fields}}}}}}}}}");
    let unknown = format!("{{\"services\": {{\"a\": {{{fields}}}}}}}");
    let dependencies = format!(
        "{{\"services\": {{{}}}}}",
        members(
            "\"s#\": {\"cmd\": \"x\", \"dependsOn\": [\"service#\"]}",
            10_000
        )
    );
    let one_port = format!(
        "{{\"services\": {{{}}}}}",
        members("\"s#\": {\"cmd\": \"x\", \"port\": 1}", 10_000)
    );
    let twins = format!(
        "{{\"services\": {{{}}}}}",
        members("\"s\": {\"cmd\": \"x\", \"dependsOn\": [\"s\"]}", 10_000)
    );
    for text in [ready, unknown, dependencies, one_port, twins] {
        assert_eq!(report(&text).problems.len(), 1001);
    }
}

#[test]
fn ten_thousand_in_a_circle() {
    let services: Vec<String> = (0..10_000)
        .map(|n| {
            format!(
                "\"s{n}\":{{\"cmd\":\"x\",\"dependsOn\":[\"s{}\"]}}",
                (n + 1) % 10_000
            )
        })
        .collect();
    let problem = problem(&format!("{{\"services\":{{{}}}}}", services.join(",")));
    assert_eq!(problem.code, Code::DependencyCycle);
    assert_eq!(problem.related.len(), 9_999);
}
