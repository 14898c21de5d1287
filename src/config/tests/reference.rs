use std::collections::BTreeSet;

use serde_json::Value;

use super::*;

const REFERENCE: &str = include_str!("../../../docs/config.md");

/// First cell of every row of the tables, without backticks and marks.
fn first_cells(text: &str) -> Vec<&str> {
    let rows = text.lines().filter_map(|line| line.strip_prefix("| `"));
    rows.filter_map(|row| row.split('`').next()).collect()
}

#[test]
fn the_table_of_codes_is_that_of_the_program() {
    let (_, table) = REFERENCE
        .split_once("|---|---|---|\n| `unreadable`")
        .unwrap();
    let (table, _) = table.split_once("\n<!-- end").unwrap();
    let rows: Vec<_> = format!("| `unreadable`{table}")
        .lines()
        .map(str::to_owned)
        .collect();
    let row = |code: &Code| {
        format!(
            "| `{}` | {} | {} |",
            code.as_str(),
            code.severity(),
            code.meaning()
        )
    };
    assert_eq!(rows, Code::ALL.iter().map(row).collect::<Vec<_>>());
}

/// Every field of the schema, as the reference writes its path.
fn fields(schema: &Value, path: &str, root: &Value, found: &mut BTreeSet<String>) {
    if let Some(name) = schema["$ref"].as_str() {
        let name = name.strip_prefix("#/$defs/").unwrap();
        return fields(&root["$defs"][name], path, root, found);
    }
    if let Some(each) = schema
        .get("additionalProperties")
        .filter(|each| each.is_object())
        && path == "services"
    {
        return fields(each, "services.<name>", root, found);
    }
    let Some(properties) = schema["properties"].as_object() else {
        found.insert(path.to_owned());
        return;
    };
    if path == "services.<name>.ready" {
        found.insert(path.to_owned());
    }
    for (name, schema) in properties {
        let path = match path {
            "" => name.clone(),
            "services.<name>.ready" => format!("ready.{name}"),
            path => format!("{path}.{name}"),
        };
        fields(schema, &path, root, found);
    }
}

#[test]
fn the_reference_has_exactly_the_fields_of_the_schema() {
    let schema = json_schema();
    let mut expected = BTreeSet::from(["services".to_owned()]);
    fields(&schema, "", &schema, &mut expected);
    let tables = REFERENCE.split("## Top level").nth(1).unwrap();
    let tables = tables.split("| type | passes when |").next().unwrap();
    let written: BTreeSet<_> = first_cells(tables).into_iter().map(str::to_owned).collect();
    assert_eq!(written, expected);
}

#[test]
fn the_probe_types_of_the_reference_are_those_of_the_registry() {
    let table = REFERENCE.split("| type | passes when |").nth(1).unwrap();
    let table = table.split("\n\n").next().unwrap();
    let kinds = flowlayer_probes::KINDS.iter().map(|kind| kind.name);
    assert_eq!(first_cells(table), kinds.collect::<Vec<_>>());
}

#[test]
fn the_examples_of_the_reference_mean_what_it_says() {
    let example = REFERENCE.split("```jsonc\n").nth(1).unwrap();
    let example = example.split("```").next().unwrap();
    let report = report(example);
    let codes: Vec<_> = report.problems.iter().map(|p| p.code).collect();
    // The directories of the example are not here.
    assert_eq!(codes, [Code::MissingCwd; 3]);
    let dotenv = REFERENCE.split("```sh\n").nth(1).unwrap();
    let dotenv = dotenv.split("```").next().unwrap();
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join(".env");
    std::fs::write(&path, dotenv).unwrap();
    let variables = env_file::read(&path).unwrap();
    let variables: Vec<_> = variables
        .iter()
        .map(|(k, v)| (k.as_str(), v.as_str()))
        .collect();
    assert_eq!(
        variables,
        [
            ("PORT", "3000"),
            ("NAME", "two words"),
            ("RAW", "$nothing \\n happens here"),
            (
                "TEXT",
                "a tab: \t, a line end: \n, a quote: \", a dollar: $"
            ),
            ("LINES", "may span\nlines"),
        ]
    );
}
