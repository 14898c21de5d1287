//! `ready` objects (docs/config.md, Readiness): read and documented by what the registry of probes
//! says about each kind.

use std::borrow::Cow;
use std::collections::HashMap;

use flowlayer_probes::{Absent, Argument, KINDS, Kind, Parameter, Type};
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde_json::{Map, Value, json};

use super::code::Code;
use super::headers::Headers;
use super::model::{self, PortChoice, ProbeOwner};
use super::object::{Field, Read, members, members_or};
use super::probe::{ArgumentTemplate, ProbeTemplate};
use super::problems::{Place, Problems};
use super::quote::quote;
use super::references::read;
use super::references::template::{Spot, Template};
use super::tree::{self, Items, NodeId};
use super::values::{Command, Millis, Port, ServicePort, Statuses, URL_PATTERN};

/// The fields that limit the waiting, whatever the kind, and an example of each.
const LIMITS: [(&str, &str, u32); 2] = [
    (
        "timeoutMs",
        "Time in ms within which the probe must have passed; otherwise the service is stopped and has failed. Absent: no limit.",
        60_000,
    ),
    (
        "attemptTimeoutMs",
        "Time limit of one attempt in ms. Default: 200 (tcp), 10000 (http), 5000 (exec).",
        2_000,
    ),
];

/// The field that says which listeners may answer, for kinds that ask a port.
const OWNER: (&str, &str) = (
    "owner",
    "Which listeners may answer on a port of this machine: `service`, those of the service and of its dependencies, and all that appeared after the spawn; `any`, all. Default: service.",
);

/// The field that stands for `url` where the port is the service's own.
const PATH: (&str, &str) = (
    "path",
    "Instead of `url`: the path, beginning with `/`, on `localhost` and the service's own `port`. Absent: `url` counts.",
);

/// A `ready` object. What is in it depends on its type and on the port of the service.
#[derive(Debug)]
pub(super) struct Ready;

impl Read for Ready {
    fn read(node: NodeId, problems: &mut Problems<'_, '_>) -> Option<Self> {
        let meant = |found: &Value| match found {
            Value::String(text) => Some(meant_by(text)),
            Value::Number(port) if port.as_u64().is_some_and(|port| port <= 65_535) => {
                Some(format!("{{ \"type\": \"tcp\", \"port\": {port} }}"))
            }
            _ => Some(any_type()),
        };
        members_or(node, problems, meant).map(|_| Self)
    }
}

/// The object that a string in its place stands for.
fn meant_by(text: &str) -> String {
    if text.starts_with("http://") || text.starts_with("https://") {
        format!("{{ \"type\": \"http\", \"url\": {} }}", quote(text))
    } else if let Some(kind) = KINDS.iter().find(|kind| kind.name == text) {
        let fields = kind.parameters.iter();
        let fields = fields.filter(|parameter| {
            matches!(
                parameter.absent,
                Absent::Refused | Absent::PathOnServicePort
            )
        });
        let mut object = format!("\"type\": \"{text}\"");
        for field in fields {
            object.extend([", \"", field.name, "\": …"]);
        }
        format!("{{ {object} }}")
    } else {
        any_type()
    }
}

fn any_type() -> String {
    let types: Vec<_> = KINDS.iter().map(|kind| kind.name).collect();
    format!("{{ \"type\": … }} with one of: {}", types.join(", "))
}

impl Ready {
    /// What a `ready` object means; `None` when there is nothing to wait for, or after reporting why
    /// it cannot be resolved.
    pub(super) fn resolve(
        node: NodeId,
        service: &str,
        service_port: &Field<ServicePort>,
        problems: &mut Problems<'_, '_>,
    ) -> Option<model::Ready> {
        let object = Object {
            node,
            members: members(node, problems)?,
            by_name: problems.tree.members(node),
            service,
            service_port,
        };
        let timeout = object.read::<Millis>("timeoutMs", problems);
        let attempt_timeout = object.read::<Millis>("attemptTimeoutMs", problems);
        let kind = object.kind(problems);
        object.check_names(kind, problems);
        let owner = object.read::<ProbeOwner>(OWNER.0, problems);
        let kind = kind?;
        let probe = object.probe(kind, problems)?;
        object.check_port(kind, &probe, problems);
        Some(model::Ready {
            probe,
            owner: owner.unwrap_or_default(),
            attempt_timeout: attempt_timeout.map_or(kind.attempt_timeout, |limit| limit.0),
            timeout: timeout.map(|limit| limit.0),
        })
    }
}

/// A `ready` object that is being read.
struct Object<'t> {
    node: NodeId,
    members: &'t Items,
    /// Of a duplicate, which is reported elsewhere, the first.
    by_name: HashMap<&'t str, NodeId>,
    /// The name of the service, and its port.
    service: &'t str,
    service_port: &'t Field<ServicePort>,
}

impl Object<'_> {
    fn read<T: Read>(&self, name: &str, problems: &mut Problems<'_, '_>) -> Option<T> {
        let node = self.by_name.get(name)?;
        T::read(*node, problems)
    }

    fn missing(&self, message: String, help: Option<String>, problems: &mut Problems<'_, '_>) {
        // In an object that the file has no end of, nothing is missing for sure.
        if self.members.complete {
            let place = Place::Key(self.node);
            problems.error_with_help(Code::MissingField, place, message, help);
        }
    }

    fn kind(&self, problems: &mut Problems<'_, '_>) -> Option<&'static Kind> {
        let names = KINDS.iter().map(|kind| kind.name);
        let Some(&node) = self.by_name.get("type") else {
            let names: Vec<_> = names.collect();
            let help = format!("known types: {}", names.join(", "));
            self.missing(
                "`type` is required in `ready`".to_owned(),
                Some(help),
                problems,
            );
            return None;
        };
        let name = String::read(node, problems)?;
        let kind = KINDS.iter().find(|kind| kind.name == name);
        if kind.is_none() {
            let message = format!("unknown probe type {}", quote(&name));
            let words = ("values", names, KINDS.len());
            problems.unknown(
                Code::UnknownValue,
                Place::Value(node),
                message,
                &name,
                words,
            );
        }
        kind
    }

    /// Reports names that no kind has, and those that the chosen kind does nothing with.
    fn check_names(&self, kind: Option<&'static Kind>, problems: &mut Problems<'_, '_>) {
        for &node in &self.members.nodes {
            let tree = problems.tree;
            let name = tree.key(node).unwrap_or_default();
            if name == "type" || self.by_name.get(name) != Some(&node) {
                continue;
            }
            let place = Place::Key(node);
            let limits = LIMITS.iter().any(|(limit, ..)| *limit == name);
            let known = limits
                || name == OWNER.0
                || name == PATH.0
                || KINDS.iter().any(|kind| parameter(kind, name).is_some());
            if !known {
                let message = format!("unknown field {} in `ready`", quote(name));
                let known = field_names(kind);
                let words = ("fields", known.iter().copied(), known.len());
                problems.unknown(Code::UnknownField, place, message, name, words);
            } else if let Some(kind) = kind
                && !self.has_effect(kind, name, limits)
            {
                let message = format!("`{name}` has no effect with type \"{}\"", kind.name);
                problems.warning(Code::UnusedField, place, message, None);
            }
        }
    }

    /// Whether a field means something to a kind, or is at least no mistake.
    fn has_effect(&self, kind: &Kind, name: &str, limits: bool) -> bool {
        match kind.build {
            Some(_) if name == OWNER.0 => kind.parameters.iter().any(asks_port),
            Some(_) if name == PATH.0 => {
                kind.parameters.iter().any(has_path) && !self.by_name.contains_key("url")
            }
            Some(_) => limits || parameter(kind, name).is_some(),
            // What a probe leaves behind when its type is set to `none` for a while.
            None => matches!(name, "url" | "port" | "path"),
        }
    }

    /// The probe; `None` when the kind has none, or after reporting why it cannot be made.
    fn probe(&self, kind: &'static Kind, problems: &mut Problems<'_, '_>) -> Option<ProbeTemplate> {
        let mut arguments = Vec::new();
        let mut is_whole = true;
        for parameter in kind.parameters {
            match self.argument(kind, parameter, problems) {
                Some(argument) => arguments.push((parameter.name, argument)),
                None => is_whole &= self.may_be_absent(parameter),
            }
        }
        if !is_whole {
            return None;
        }
        let refusal = match ProbeTemplate::new(kind, kind.build?, arguments) {
            Ok(probe) => return Some(probe),
            Err(refusal) => refusal,
        };
        let place = self.by_name.get(refusal.parameter);
        let place = place.map_or(Place::Key(self.node), |&node| Place::Value(node));
        let code = match parameter(kind, refusal.parameter)?.takes {
            Type::Url => Code::InvalidUrl,
            Type::Pattern => Code::InvalidPattern,
            Type::Port => Code::OutOfRange,
            Type::Command => Code::EmptyCommand,
            Type::Headers => Code::InvalidHeader,
            Type::Statuses => Code::InvalidStatus,
        };
        let node = self.by_name.get(refusal.parameter);
        let message = match node.map(|&node| problems.tree.value(node)) {
            Some(tree::Value::String(url)) if code == Code::InvalidUrl => {
                format!("{} {}", quote(url), refusal.why)
            }
            _ => refusal.why,
        };
        problems.error_with_help(code, place, message, refusal.help.map(str::to_owned));
        None
    }

    /// Warns of a port of this machine that is not the service's `port`, unless `owner` shows that somebody has
    /// thought about it.
    fn check_port(&self, kind: &Kind, probe: &ProbeTemplate, problems: &mut Problems<'_, '_>) {
        let Some(ServicePort(Some(PortChoice::Fixed(own)))) = self.service_port.value else {
            return;
        };
        let Some(asked) = probe.port().filter(|&asked| asked != own) else {
            return;
        };
        if self.by_name.contains_key(OWNER.0) {
            return;
        }
        let asks = kind.parameters.iter().find(|it| asks_port(it));
        let place = asks.and_then(|parameter| self.by_name.get(parameter.name));
        let place = place.map_or(Place::Key(self.node), |&node| Place::Value(node));
        let message = format!("the probe asks port {asked}, and the service's `port` is {own}");
        let help = "only `port` must be free before the start; if the service listens on both, add \"owner\": \"service\"";
        problems.warning(Code::OtherPort, place, message, Some(help));
    }

    fn may_be_absent(&self, parameter: &Parameter) -> bool {
        parameter.absent == Absent::Accepted && !self.by_name.contains_key(parameter.name)
    }

    /// The argument for a parameter; `None` when it may be absent and is, or after reporting that it is wrong or
    /// missing.
    fn argument(
        &self,
        kind: &Kind,
        parameter: &Parameter,
        problems: &mut Problems<'_, '_>,
    ) -> Option<ArgumentTemplate> {
        let name = parameter.name;
        if let Some(&node) = self.by_name.get(name) {
            return match parameter.takes {
                Type::Url => {
                    let url = String::read(node, problems)?;
                    let url = read::template(node, url, problems);
                    if let Err(why) = url.check_scheme() {
                        let message = format!("{} {why}", quote(url.written()));
                        problems.error(Code::InvalidUrl, Place::Value(node), message);
                        return None;
                    }
                    Some(ArgumentTemplate::Url(url))
                }
                Type::Pattern => String::read(node, problems)
                    .map(|pattern| ArgumentTemplate::Fixed(Argument::Text(pattern))),
                Type::Port => Port::read(node, problems).map(|port| port_argument(port.0)),
                Type::Command => {
                    let argv = Command::read(node, problems)?.0;
                    let argv = read::command(node, argv, problems);
                    Some(ArgumentTemplate::Command(argv))
                }
                Type::Headers => Headers::read(node, problems)
                    .map(|headers| ArgumentTemplate::Fixed(Argument::Headers(headers.0))),
                Type::Statuses => Statuses::read(node, problems)
                    .map(|statuses| ArgumentTemplate::Fixed(Argument::Statuses(statuses.0))),
            };
        }
        match parameter.absent {
            Absent::Refused => {
                let message = format!(
                    "`{name}` is required in `ready` with type \"{}\"",
                    kind.name
                );
                self.missing(message, None, problems);
                None
            }
            Absent::Accepted => None,
            Absent::ServicePort => {
                let port = self.own_port("", "", problems);
                if port.is_none() && !self.has_wrong_port() {
                    let message = format!("a {} probe needs a {name}", kind.name);
                    let help = format!("give `ready.{name}`, or the service's `port`");
                    self.missing(message, Some(help), problems);
                }
                port.map(ArgumentTemplate::Port)
            }
            Absent::PathOnServicePort => self.own_url(kind, problems).map(ArgumentTemplate::Url),
        }
    }

    /// Whether the service's `port` has been reported as wrong. Then it is not missing too.
    fn has_wrong_port(&self) -> bool {
        self.service_port.node.is_some() && self.service_port.value.is_none()
    }

    /// The service's own port between two texts, if it has one.
    fn own_port(&self, before: &str, after: &str, problems: &Problems<'_, '_>) -> Option<Template> {
        match self.service_port.value.as_ref()?.0? {
            PortChoice::Fixed(port) => Some(Template::literal(format!("{before}{port}{after}"))),
            PortChoice::Auto => {
                let spot = Spot {
                    path: problems.tree.path(self.node).into(),
                    span: problems.tree.key_span(self.node),
                };
                Some(Template::port_of(self.service, before, after, spot))
            }
        }
    }

    /// The URL that `path` stands for.
    fn own_url(&self, kind: &Kind, problems: &mut Problems<'_, '_>) -> Option<Template> {
        let Some(&node) = self.by_name.get(PATH.0) else {
            let message = format!(
                "`url` or `path` is required in `ready` with type \"{}\"",
                kind.name
            );
            self.missing(message, None, problems);
            return None;
        };
        let path = String::read(node, problems)?;
        if !path.starts_with('/') {
            let message = format!("{} is no path: it does not begin with `/`", quote(&path));
            let help = Some("write a whole URL as `url`, or a path: \"/healthz\"".to_owned());
            problems.error_with_help(Code::InvalidUrl, Place::Value(node), message, help);
            return None;
        }
        let url = self.own_port("http://localhost:", &path, problems);
        if url.is_none() && !self.has_wrong_port() {
            let help = Some("give the service a `port`, or write a whole URL as `url`".to_owned());
            let message = "`path` needs the port of the service".to_owned();
            problems.error_with_help(Code::MissingField, Place::Value(node), message, help);
        }
        url
    }
}

/// Whether it says which port the probe asks.
fn asks_port(parameter: &Parameter) -> bool {
    matches!(parameter.takes, Type::Url | Type::Port)
}

fn port_argument(port: u16) -> ArgumentTemplate {
    ArgumentTemplate::Port(Template::literal(port.to_string()))
}

/// Whether `path` may stand instead of it.
fn has_path(parameter: &Parameter) -> bool {
    parameter.absent == Absent::PathOnServicePort
}

fn parameter<'k>(kind: &'k Kind, name: &str) -> Option<&'k Parameter> {
    kind.parameters
        .iter()
        .find(|parameter| parameter.name == name)
}

/// What could be written in a `ready` object of this kind, or of any.
fn field_names(kind: Option<&Kind>) -> Vec<&'static str> {
    let kinds = KINDS.iter();
    let kinds = kinds.filter(|other| kind.is_none_or(|kind| kind.name == other.name));
    let parameters = kinds.flat_map(|kind| kind.parameters);
    let parameters = parameters.map(|parameter| parameter.name);
    let mut names = vec!["type"];
    let limits = LIMITS.iter().map(|(name, ..)| *name);
    for name in parameters.chain(limits).chain([OWNER.0, PATH.0]) {
        if !names.contains(&name) {
            names.push(name);
        }
    }
    names
}

impl JsonSchema for Ready {
    fn schema_name() -> Cow<'static, str> {
        "Ready".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let types = KINDS.iter();
        let types = types.map(|kind| json!({ "const": kind.name, "description": kind.about }));
        let mut properties = Map::new();
        let mut property = |name: &str, about: &str, schema: Schema, more: [(&str, Value); 2]| {
            let mut schema = schema;
            schema.insert("description".to_owned(), about.into());
            for (keyword, value) in more {
                if !value.is_null() {
                    schema.insert(keyword.to_owned(), value);
                }
            }
            properties.entry(name).or_insert(schema.to_value());
        };
        let written =
            |default: Value, example: Value| [("default", default), ("examples", json!([example]))];
        property(
            "type",
            "What is waited for.",
            json_schema!({ "oneOf": types.collect::<Vec<_>>() }),
            written(Value::Null, "http".into()),
        );
        for parameter in KINDS.iter().flat_map(|kind| kind.parameters) {
            let parse = |text| serde_json::from_str(text).expect("a parameter's texts are JSON");
            let default = parameter.default.map_or(Value::Null, parse);
            let schema = schema(parameter.takes, generator);
            let more = written(default, parse(parameter.example));
            property(parameter.name, parameter.about, schema, more);
        }
        for (name, about, example) in LIMITS {
            let schema = generator.subschema_for::<Millis>();
            property(name, about, schema, written(Value::Null, example.into()));
        }
        let schema = generator.subschema_for::<ProbeOwner>();
        property(
            OWNER.0,
            OWNER.1,
            schema,
            written("service".into(), "any".into()),
        );
        let schema = json_schema!({ "type": "string", "pattern": "^/" });
        property(
            PATH.0,
            PATH.1,
            schema,
            written(Value::Null, "/healthz".into()),
        );
        let required: Vec<_> = KINDS.iter().filter_map(required).collect();
        json_schema!({
            "type": "object",
            "properties": properties,
            "required": ["type"],
            "additionalProperties": false,
            "allOf": required,
        })
    }
}

fn schema(takes: Type, generator: &mut SchemaGenerator) -> Schema {
    match takes {
        Type::Url => json_schema!({
            "type": "string", "pattern": URL_PATTERN,
        }),
        Type::Pattern => json_schema!({ "type": "string" }),
        Type::Port => generator.subschema_for::<Port>(),
        Type::Command => generator.subschema_for::<Command>(),
        Type::Headers => generator.subschema_for::<Headers>(),
        Type::Statuses => generator.subschema_for::<Statuses>(),
    }
}

/// What the schema requires of an object of this kind.
fn required(kind: &Kind) -> Option<Value> {
    let needed = kind
        .parameters
        .iter()
        .filter_map(|parameter| match parameter.absent {
            Absent::Refused => Some(json!({ "required": [parameter.name] })),
            Absent::PathOnServicePort => Some(json!({
                "anyOf": [{ "required": [parameter.name] }, { "required": [PATH.0] }],
            })),
            Absent::ServicePort | Absent::Accepted => None,
        });
    let needed: Vec<_> = needed.collect();
    (!needed.is_empty()).then(|| {
        json!({
            "if": { "properties": { "type": { "const": kind.name } }, "required": ["type"] },
            "then": { "allOf": needed },
        })
    })
}
