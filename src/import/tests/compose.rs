//! Compose files.

use super::*;

#[test]
fn a_compose_service_stays_a_container() {
    let text = r#"
x-common: &common
  restart: unless-stopped
services:
  db:
    <<: *common
    image: postgres:17
    environment: {POSTGRES_PASSWORD: secret}
    ports: ["127.0.0.1:${DB_PORT:-5433}:5432", "9999"]
    healthcheck:
      test: ["CMD-SHELL", "pg_isready -U $$POSTGRES_USER"]
      interval: 5s
      timeout: 3s
  web:
    build: .
    ports:
      - target: 80
        published: "8080"
    depends_on:
      db: {condition: service_healthy}
      migrate: {condition: service_completed_successfully}
    healthcheck: {test: curl -f http://localhost/health || exit 1}
  migrate:
    build: .
    command: ./migrate
    depends_on: [db]
  debug:
    image: x
    profiles: [debug]
"#;
    let (config, notes) = imported(Kind::Compose, "compose.yaml", text, &[]);
    let services = &config["services"];
    assert_eq!(
        services["db"],
        serde_json::json!({
            "cmd": ["docker", "compose", "up", "--no-log-prefix", "--no-deps", "db"],
            "stopCmd": ["docker", "compose", "stop", "db"], "stopGraceMs": 15000, "cwd": ".",
            "ready": {
                "type": "exec", "attemptTimeoutMs": 3000,
                "cmd": ["docker", "compose", "exec", "-T", "db", "sh", "-c", "pg_isready -U $POSTGRES_USER"],
            },
            "port": 5433,
        })
    );
    assert_eq!(
        services["web"]["ready"],
        serde_json::json!({"type": "http", "url": "http://localhost:8080/health"})
    );
    assert_eq!(
        services["web"]["dependsOn"],
        serde_json::json!(["db", "migrate"])
    );
    assert_eq!(services["migrate"]["kind"], "oneshot");
    assert_eq!(
        services["migrate"]["cmd"],
        serde_json::json!([
            "docker",
            "compose",
            "up",
            "--no-log-prefix",
            "--exit-code-from",
            "migrate",
            "--no-deps",
            "migrate"
        ])
    );
    assert_eq!(services["debug"]["autoStart"], false);
    let said = notes.join("\n");
    for what in [
        "db: restart: unless-stopped",
        "db: the port 9999",
        "healthcheck interval",
        "debug: profiles: debug",
    ] {
        assert!(said.contains(what), "{what}: {said}");
    }
    let (config, _) = imported(Kind::Compose, "infra.yml", "services: {a: {image: x}}", &[]);
    assert_eq!(config["services"]["a"]["cmd"][3], "infra.yml");
}

#[test]
fn a_compose_service_without_a_container_runs_here() {
    let text = r#"
services:
  api:
    command: npm run dev
    working_dir: backend
    environment: ["PORT=3000", "URL=${BASE:-http://x}/y", "INHERITED"]
    env_file: [a.env, {path: b.env, required: true}]
    ports: ["3000:3000"]
    stop_grace_period: 1m
    restart: always
    privileged: true
  job:
    entrypoint: [node, "x y.js"]
    command: --once
"#;
    let services = services(Kind::Compose, text);
    assert_eq!(
        services,
        serde_json::json!({
            "api": {
                "cmd": "npm run dev", "cwd": "backend", "envFile": ["a.env", "b.env"],
                "env": {"PORT": "3000", "URL": "http://x/y"}, "port": 3000,
                "ready": {"type": "tcp"}, "stopGraceMs": 60000,
            },
            "job": {"cmd": ["node", "x y.js", "--once"]},
        })
    );
}

#[test]
fn an_optional_env_file_is_kept_only_where_it_exists() {
    let text = r"
services:
  api:
    command: ./api
    env_file:
      - always.env
      - {path: ./missing.env, required: false}
      - {path: ./there.env, required: false}
      - path: ./needed.env
  one:
    command: ./one
    env_file: {path: ./missing.env, required: false}
";
    let (config, notes) = imported(
        Kind::Compose,
        "compose.yaml",
        text,
        &[("there.env", "A=1\n")],
    );
    assert_eq!(
        config["services"]["api"]["envFile"],
        serde_json::json!(["always.env", "./there.env", "./needed.env"])
    );
    assert!(config["services"]["one"].get("envFile").is_none());
    assert_eq!(
        notes,
        [
            "api: env_file ./missing.env (line 7): it is optional and not there; a file in envFile has to be",
            "one: env_file ./missing.env (line 12): it is optional and not there; a file in envFile has to be",
        ]
    );
}

#[test]
fn an_override_beside_a_compose_file_is_named() {
    let files = [
        ("compose.override.yaml", "services: {}\n"),
        ("docker-compose.override.yml", "services: {}\n"),
    ];
    let text = "services: {db: {image: x}}";
    let (_, notes) = imported(Kind::Compose, "compose.yaml", text, &files);
    assert_eq!(notes.len(), 2, "{notes:?}");
    for ((name, _), note) in files.iter().zip(&notes) {
        assert!(note.starts_with(&format!("{name}: ")), "{note}");
    }
    // With `-f` docker compose reads no override either.
    let (_, notes) = imported(Kind::Compose, "dev.yaml", text, &files);
    assert!(notes.is_empty(), "{notes:?}");
}

#[test]
fn of_a_range_the_first_port_is_checked_and_the_others_are_listed() {
    let text = r#"
services:
  a:
    image: x
    ports: ["3000-3002:3000-3002"]
  b:
    image: x
    ports:
      - {target: 80, published: "1-5"}
"#;
    let (config, notes) = imported(Kind::Compose, "compose.yaml", text, &[]);
    assert_eq!(config["services"]["a"]["port"], 3000);
    assert_eq!(config["services"]["b"]["port"], 1);
    assert_eq!(
        notes,
        [
            "a: the ports (line 5) 3001-3002: FlowLayer checks one a service",
            "b: the ports (line 9) 2-5: Docker takes a free one of 1-5; 1 is assumed",
        ]
    );
}
