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
fn an_optional_env_file_may_be_missing() {
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
    let (config, notes) = imported(Kind::Compose, "compose.yaml", text, &[]);
    let missing = serde_json::json!({"path": "./missing.env", "required": false});
    let there = serde_json::json!({"path": "./there.env", "required": false});
    assert_eq!(
        config["services"]["api"]["envFile"],
        serde_json::json!(["always.env", missing, there, "./needed.env"])
    );
    assert_eq!(
        config["services"]["one"]["envFile"],
        serde_json::json!([missing])
    );
    assert_eq!(notes, [""; 0]);
    let directory = tempfile::tempdir().unwrap();
    let mut draft = read(Kind::Compose, "compose.yaml", text, directory.path()).unwrap();
    draft.relocate("app");
    let text = draft.render(&[]);
    let line = "\"envFile\": [{ \"path\": \"app/missing.env\", \"required\": false }],";
    assert!(text.contains(line), "{text}");
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

#[test]
fn what_runs_here_gets_the_stop_signal_and_curl_without_f_takes_every_status() {
    let text = r#"
services:
  api:
    command: ./api
    stop_signal: SIGUSR1
    healthcheck: { test: "curl -s -H 'Host: shop.example' http://localhost:8080/up || exit 1" }
  cache: { image: redis, stop_signal: SIGINT }
"#;
    let services = services(Kind::Compose, text);
    assert_eq!(services["api"]["stopSignal"], "SIGUSR1");
    assert_eq!(
        services["api"]["ready"],
        serde_json::json!({
            "type": "http", "url": "http://localhost:8080/up", "status": "100-599",
            "headers": {"Host": "shop.example"},
        })
    );
    assert!(services["cache"].get("stopSignal").is_none());
}

#[test]
fn of_a_job_that_inherits_port_and_check_the_exit_code_alone_counts() {
    let text = r#"
x-app: &app
  build: .
  ports: ["18080:8080"]
  healthcheck: { test: ["CMD", "curl", "-f", "http://localhost:8080/up"] }
services:
  migrate: { <<: *app, command: ./migrate }
  web:
    <<: *app
    depends_on: { migrate: { condition: service_completed_successfully } }
  worker:
    image: x
    depends_on: { migrate: { condition: service_completed_successfully } }
"#;
    let services = services(Kind::Compose, text);
    let cmd = services["migrate"]["cmd"].to_string();
    assert_eq!(cmd.matches("--exit-code-from").count(), 1, "{cmd}");
    let migrate = services["migrate"].as_object().unwrap();
    assert_eq!(migrate["kind"], "oneshot");
    assert!(!migrate.contains_key("port") && !migrate.contains_key("ready"));
    assert_eq!(services["web"]["port"], 18080);
}

#[test]
fn a_job_that_nobody_waits_for_is_told_by_its_name() {
    let text = r#"
services:
  seed: { image: example/seed, command: ./seed, restart: "no" }
  db-migrate: { image: example/app, command: ./migrate }
  init: { image: example/app, restart: always }
  once: { image: example/app, restart: "no" }
  app: { image: example/app }
"#;
    let (config, notes) = imported(Kind::Compose, "compose.yaml", text, &[]);
    for (name, service) in config["services"].as_object().unwrap() {
        let is_job = ["seed", "db-migrate"].contains(&name.as_str());
        assert_eq!(service.get("kind").is_some(), is_job, "{name}");
        let hands_on = service["cmd"].to_string().contains("--exit-code-from");
        assert_eq!(hands_on, is_job, "{name}");
    }
    let said = notes.join("\n");
    assert!(
        said.contains("once: restart: no: if it ends by itself"),
        "{said}"
    );
}

#[test]
fn what_the_dotenv_says_is_referred_to_and_not_copied() {
    let text = r#"
services:
  cache:
    image: redis
    healthcheck: { test: ["CMD", "redis-cli", "-a", "${PW}", "$$x"], timeout: "${HC:-20s}" }
    stop_grace_period: ${GRACE:-60s}
  web:
    image: x
    healthcheck: { test: "curl -f http://localhost/?key=${PW} || exit 1" }
  api:
    command: ./api --token ${PW}
    env_file: a.env
    environment: { URL: "redis://:${PW}@localhost", PLAIN: "${X:-y}" }
  quoted: { command: "./run 'a b ${PW}'" }
  two: { command: "./a '${PW}' && ./b" }
"#;
    let files = [(".env", "PW=hunter2\n")];
    let (config, notes) = imported(Kind::Compose, "compose.yaml", text, &files);
    assert!(!config.to_string().contains("hunter2"), "{config}");
    assert!(!notes.join("").contains("hunter2"), "{notes:?}");
    let services = &config["services"];
    assert_eq!(
        services["cache"]["ready"],
        serde_json::json!({
            "type": "exec", "attemptTimeoutMs": 20000,
            "cmd": ["sh", "-c", r#"exec docker compose exec -T cache redis-cli -a "${PW}" "\$x""#],
        })
    );
    assert_eq!(services["cache"]["envFile"], serde_json::json!([".env"]));
    assert_eq!(services["cache"]["stopGraceMs"], 65000);
    assert_eq!(
        services["web"]["ready"]["cmd"][2],
        r#"exec docker compose exec -T web sh -c "curl -f http://localhost/?key=${PW} || exit 1""#
    );
    assert_eq!(services["quoted"]["cmd"][2], r#"exec ./run "a b ${PW}""#);
    assert_eq!(services["two"]["cmd"][2], "./a '${PW}' && ./b");
    assert_eq!(
        services["api"],
        serde_json::json!({
            "cmd": ["sh", "-c", r#"export URL="redis://:${PW}@localhost"; exec ./api --token ${PW}"#],
            "envFile": [".env", "a.env"], "env": {"PLAIN": "y"},
        })
    );
}

#[test]
fn variables_that_are_set_nowhere_and_lines_that_cannot_be_read_are_named() {
    let text = r#"
services:
  db: { image: postgres, healthcheck: { test: ["CMD-SHELL", "pg_isready -U ${DB_USER}"] } }
  web: { image: example/web, ports: ["${PORT}:80", "$PORT:81", "8080:${INNER:-82}"] }
"#;
    let files = [(".env", "A=1\nnot a line\nB=2\n")];
    let (config, notes) = imported(Kind::Compose, "compose.yaml", text, &files);
    let services = &config["services"];
    assert_eq!(
        services["db"]["ready"]["cmd"][2],
        r#"exec docker compose exec -T db sh -c "pg_isready -U ${DB_USER}""#
    );
    // It would keep the service from starting.
    assert!(services["db"].get("envFile").is_none());
    assert_eq!(services["web"]["port"], 8080);
    assert!(
        notes[0].starts_with(".env (line 2): expected KEY=VALUE"),
        "{notes:?}"
    );
    assert_eq!(
        notes[1..],
        [
            "db: DB_USER: set neither in .env nor by a default",
            "web: the port ${PORT}:80 (line 4): it has a variable that is not set",
            "web: the port $PORT:81 (line 4): it has a variable that is not set",
            "web: PORT: set neither in .env nor by a default",
        ]
    );
}

#[test]
fn a_check_has_the_time_that_docker_gives_it() {
    let text = "services: {broker: {image: x, healthcheck: {test: [CMD-SHELL, sleep 8]}}}";
    let ready = &services(Kind::Compose, text)["broker"]["ready"];
    assert_eq!(ready["attemptTimeoutMs"], 30000);
}

#[test]
fn a_port_of_another_address_is_not_looked_for_on_the_loopback_one() {
    let text = r#"
services:
  a: { image: x, ports: ["192.168.1.5:8080:80"] }
  b: { image: x, ports: [{ target: 80, published: "8081", host_ip: 10.0.0.1 }] }
"#;
    let (config, notes) = imported(Kind::Compose, "compose.yaml", text, &[]);
    for name in ["a", "b"] {
        let service = config["services"][name].as_object().unwrap();
        assert!(!service.contains_key("port") && !service.contains_key("ready"));
    }
    assert_eq!(notes.len(), 2);
    assert!(
        notes[0].contains("not published on the loopback address"),
        "{notes:?}"
    );
}

#[test]
fn profiles_and_files_of_the_dotenv_count() {
    let text = "services: {core: {image: x}, extra: {image: x, profiles: [full]}, more: {image: x, profiles: [more]}}";
    let read = |name: &str, env: &str| {
        let other = "services: {core: {ports: ['81:80']}, other: {image: y}}";
        imported(
            Kind::Compose,
            name,
            text,
            &[(".env", env), ("dev.yaml", other)],
        )
    };
    let (config, _) = read("compose.yaml", "COMPOSE_PROFILES=a,full\n");
    let services = &config["services"];
    assert!(services["extra"].get("autoStart").is_none());
    assert_eq!(services["more"]["autoStart"], false);
    let (config, notes) = read(
        "compose.yaml",
        "COMPOSE_FILE=./compose.yaml:dev.yaml:gone.yaml\n",
    );
    let services = &config["services"];
    assert_eq!(services["core"]["port"], 81);
    assert_eq!(services["other"]["cmd"][2], "up");
    assert_eq!(notes[0], "gone.yaml (COMPOSE_FILE): it cannot be read");
    let (config, notes) = read("compose.yaml", "COMPOSE_FILE=dev.yaml\n");
    assert_eq!(config["services"]["core"]["cmd"][3], "compose.yaml");
    assert_eq!(
        notes[0],
        "COMPOSE_FILE of .env: dev.yaml: compose.yaml is read instead"
    );
}

#[test]
fn services_of_other_files_are_read() {
    let text = r#"
include: [infra/db.yaml, { path: [gone.yaml] }]
services:
  base: { image: x, ports: ["80:80"], command: [a] }
  web: { extends: base, ports: ["81:81"], command: [b], depends_on: [db] }
  api: { extends: { file: infra/common.yaml, service: node } }
  lost: { extends: { file: gone.yaml, service: a } }
  loop: { image: x, extends: loop }
"#;
    let files = [
        (
            "infra/db.yaml",
            "include: [more.yaml]\nservices: {db: {image: postgres, ports: ['5432:5432']}}",
        ),
        ("infra/more.yaml", "services: {mail: {image: mailpit}}"),
        (
            "infra/common.yaml",
            "services: {node: {extends: inner}, inner: {image: node, ports: ['3000:3000']}}",
        ),
    ];
    let (config, notes) = imported(Kind::Compose, "compose.yaml", text, &files);
    let services = &config["services"];
    assert_eq!(
        services.as_object().unwrap().keys().collect::<Vec<_>>(),
        ["mail", "db", "base", "web", "api", "lost", "loop"]
    );
    assert_eq!(services["db"]["port"], 5432);
    assert_eq!(services["web"]["dependsOn"], serde_json::json!(["db"]));
    assert_eq!(services["web"]["port"], 80);
    assert_eq!(services["api"]["port"], 3000);
    assert_eq!(
        notes,
        [
            "include gone.yaml (line 2): it cannot be read",
            "web: further ports (81): FlowLayer checks one a service",
            "lost, loop: extends: what the other service depends on, publishes and checks",
        ]
    );
}
