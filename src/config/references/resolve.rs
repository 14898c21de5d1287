//! The one place where references are filled in: a model, an environment and the ports chosen → what a
//! service runs. Pure; a later call with the same values gives the same.

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use flowlayer_probes::{Arguments, Probe};

use super::check::{self, Missing};
use super::scan::Reference;
use super::template::{Placed, Spot, Template};
use crate::config::code::Code;
use crate::config::model::{self, Config, PortChoice, ProbeOwner};
use crate::config::probe::ProbeTemplate;
use crate::config::problem::{Problem, Severity};
use crate::config::quote::quote;
use crate::config::source::within;
use crate::config::suggest::Suggestions;
use crate::facts::{EnvFile, mask_credentials};

/// What references stand for in a session.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Values {
    /// The environment of `serve`.
    pub environment: BTreeMap<OsString, OsString>,
    /// The ports chosen for services whose `port` is `auto`, by name.
    pub ports: BTreeMap<Arc<str>, u16>,
    /// The directory `serve` was started in, absolute.
    pub directory: PathBuf,
}

/// What to put where a variable is referred to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Variables {
    /// Its value: only for the service itself.
    Filled,
    /// The reference, as it is written.
    Written,
    /// Always the same text.
    As(&'static str),
}

/// What a service runs.
#[derive(Debug, Clone)]
pub struct Resolved {
    /// For the service itself.
    pub run: Texts,
    /// For everyone else: variables as they are written.
    pub shown: Texts,
    /// Its port.
    pub port: Option<u16>,
    /// The probe.
    pub ready: Option<Ready>,
}

/// The texts of a service, with their references filled in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Texts {
    /// Program and arguments of `cmd`.
    pub argv: Vec<String>,
    /// Program and arguments of `stopCmd`.
    pub stop_argv: Option<Vec<String>>,
    /// `env`, sorted by name.
    pub env: Vec<(String, String)>,
    /// The files of `envFile`, in the order they apply.
    pub env_files: Vec<EnvFile>,
    /// The working directory.
    pub cwd: PathBuf,
    /// Where to open it.
    pub url: Option<String>,
    /// What its probe asks.
    pub ready: Option<Asked>,
}

/// What a probe asks, in its own words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Asked {
    /// The kind of the probe.
    pub kind: &'static str,
    /// What is probed, without credentials.
    pub target: String,
    /// The same, short.
    pub label: String,
}

/// A readiness probe and its limits.
#[derive(Debug, Clone)]
pub struct Ready {
    /// The probe.
    pub probe: Arc<dyn Probe>,
    /// What it was made of. Unlike its `Debug` form, this tells values apart that are shown nowhere.
    pub arguments: Arc<Arguments>,
    /// Limit of one attempt.
    pub attempt_timeout: Duration,
    /// Limit of the whole wait; `None`: for ever.
    pub timeout: Option<Duration>,
    /// Whose listener may answer it.
    pub owner: ProbeOwner,
}

/// What a service runs.
///
/// # Errors
/// Variables that are not set, and values that cannot stand where they are referred to.
pub fn service(config: &Config, index: usize, values: &Values) -> Result<Resolved, Vec<Problem>> {
    let service = &config.services[index];
    let mut filler = Filler::new(config, values, Variables::Filled);
    let run = filler.texts(service);
    let ready = service.ready.as_ref().and_then(|ready| {
        let (probe, arguments) = filler.probe(&ready.probe)?;
        Some(Ready {
            probe,
            arguments: Arc::new(arguments),
            attempt_timeout: ready.attempt_timeout,
            timeout: ready.timeout,
            owner: ready.owner,
        })
    });
    filler.end()?;
    Ok(Resolved {
        run,
        shown: texts(config, index, values, Variables::Written)?,
        port: values.port(service),
        ready,
    })
}

/// The texts of a service, with or without the values of variables.
///
/// # Errors
/// Those of [`service`].
pub fn texts(
    config: &Config,
    index: usize,
    values: &Values,
    variables: Variables,
) -> Result<Texts, Vec<Problem>> {
    let mut filler = Filler::new(config, values, variables);
    let texts = filler.texts(&config.services[index]);
    filler.end()?;
    Ok(texts)
}

/// The directory of the log files.
///
/// # Errors
/// Those of [`service`].
pub fn logs_dir(config: &Config, values: &Values) -> Result<Option<PathBuf>, Vec<Problem>> {
    let mut filler = Filler::new(config, values, Variables::Filled);
    let dir = config.logs.dir.as_ref().map(|dir| filler.path(dir));
    filler.end()?;
    Ok(dir)
}

/// A text from elsewhere, such as an argument of a command line, with its references filled in.
///
/// # Errors
/// What is wrong with a reference in it, in one line.
pub fn text(config: &Config, values: &Values, text: &str) -> Result<String, String> {
    let mut wrong = None;
    let template = Template::parse(text, |_| Spot::nowhere(), |_, error| wrong = Some(error));
    if let Some(error) = wrong {
        let help = error.help().map(|help| format!("; {help}"));
        return Err(format!("{error}{}", help.unwrap_or_default()));
    }
    for placed in template.references() {
        if let Some(missing) = check::missing(config, &placed.to) {
            let message = missing.message();
            let Missing::Service(name) = missing else {
                return Err(message);
            };
            let names = config.services.iter().map(|service| &*service.name);
            let help = Suggestions::default().help(name, "services", names, config.services.len());
            return Err(format!("{message}; {help}"));
        }
    }
    let mut filler = Filler::new(config, values, Variables::Filled);
    filler.try_text(&template).map_err(|problem| {
        let help = problem.help.map(|help| format!("; {help}"));
        format!("{}{}", problem.message, help.unwrap_or_default())
    })
}

/// A warning for each reference to a variable that is not set and has no default.
pub fn unset_variables(config: &Config, values: &Values) -> Vec<Problem> {
    let placed = config.templates().flat_map(Template::references);
    let problems = placed.filter_map(|placed| match &placed.to {
        Reference::Variable { name, default } => {
            let wrong = values.variable(name, default.as_deref()).err()?;
            (wrong.0 == Code::UnsetVariable).then(|| Problem {
                severity: Severity::Warning,
                ..*problem(&placed.spot, wrong)
            })
        }
        _ => None,
    });
    problems.collect()
}

/// What `${session.name}` stands for: the directory of the config, and four digits that distinguish it
/// from directories of the same name.
pub fn session_name(config: &Config) -> String {
    use std::os::unix::ffi::OsStrExt as _;
    let directory = config.path.parent().and_then(Path::file_name);
    let directory = directory.map_or_else(|| "root".into(), OsStr::to_string_lossy);
    let hash = fnv1a([config.path.as_os_str().as_bytes()]);
    format!("{directory}-{:04x}", hash & 0xffff)
}

/// FNV-1a of these bytes, one after the other.
fn fnv1a<'b>(parts: impl IntoIterator<Item = &'b [u8]>) -> u64 {
    let bytes = parts.into_iter().flatten();
    bytes.fold(0xcbf2_9ce4_8422_2325, |hash, &byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    })
}

/// What is wrong with what a reference stands for.
type Wrong = (Code, String, Option<&'static str>);

impl Values {
    /// The port of a service.
    pub fn port(&self, service: &model::Service) -> Option<u16> {
        match service.port? {
            PortChoice::Fixed(port) => Some(port),
            PortChoice::Auto => self.ports.get(&service.name).copied(),
        }
    }

    fn variable(&self, name: &str, default: Option<&str>) -> Result<String, Wrong> {
        let value = self.environment.get(OsStr::new(name));
        match (value, default) {
            (None, Some(default)) => Ok(default.to_owned()),
            (Some(value), Some(default)) if value.is_empty() => Ok(default.to_owned()),
            (None, None) => Err((
                Code::UnsetVariable,
                format!("the variable {name} is not set"),
                Some("set it, or give a default: ${env.NAME:-default}"),
            )),
            (Some(value), _) => match value.to_str() {
                Some(value) if value.contains('\0') => Err((
                    Code::NulByte,
                    format!(
                        "the value of {name} contains NUL, which nothing that refers to it can"
                    ),
                    None,
                )),
                Some(value) => Ok(value.to_owned()),
                None => Err((
                    Code::InvalidReference,
                    format!("the value of {name} is not UTF-8"),
                    None,
                )),
            },
        }
    }
}

fn problem(spot: &Spot, (code, message, help): Wrong) -> Box<Problem> {
    Box::new(Problem::at(
        Severity::Error,
        code,
        spot.path.to_string(),
        spot.span.clone(),
        message,
        help.map(str::to_owned),
    ))
}

/// All references of one service may stand for this many bytes together: more than any system lets a
/// command have, and a bound on urls that are made of urls.
const MAX_FILLED: usize = 8 << 20;

/// How deep urls may be made of urls.
const MAX_DEPTH: usize = 32;

/// Fills in the references of one service.
struct Filler<'c> {
    config: &'c Config,
    values: &'c Values,
    variables: Variables,
    problems: Vec<Problem>,
    left: usize,
    depth: usize,
}

impl<'c> Filler<'c> {
    fn new(config: &'c Config, values: &'c Values, variables: Variables) -> Self {
        Self {
            config,
            values,
            variables,
            problems: Vec::new(),
            left: MAX_FILLED,
            depth: 0,
        }
    }

    /// What a text is used for several times is wrong once.
    fn report(&mut self, problem: Problem) {
        let mut known = self.problems.iter();
        if !known.any(|known| known.span == problem.span && known.path == problem.path) {
            self.problems.push(problem);
        }
    }

    fn end(self) -> Result<(), Vec<Problem>> {
        if self.problems.is_empty() {
            Ok(())
        } else {
            Err(self.problems)
        }
    }

    fn texts(&mut self, service: &model::Service) -> Texts {
        Texts {
            argv: self.argv(&service.cmd),
            stop_argv: service.stop_cmd.as_deref().map(|argv| self.argv(argv)),
            env: service
                .env
                .iter()
                .map(|(name, value)| (name.clone(), self.text(value)))
                .collect(),
            env_files: service
                .env_files
                .iter()
                .map(|file| EnvFile {
                    path: self.path(&file.path),
                    required: file.required,
                })
                .collect(),
            cwd: match &service.cwd {
                Some(cwd) => self.path(cwd),
                None => self.values.directory.clone(),
            },
            url: self.url(service).unwrap_or_else(|problem| {
                self.report(*problem);
                None
            }),
            ready: service
                .ready
                .as_ref()
                .and_then(|ready| self.asked(&ready.probe)),
        }
    }

    fn text(&mut self, template: &Template) -> String {
        self.try_text(template).unwrap_or_else(|problem| {
            self.report(*problem);
            String::new()
        })
    }

    fn try_text(&mut self, template: &Template) -> Result<String, Box<Problem>> {
        template.fill(|placed| {
            let value = self.value(template, placed)?;
            let left = self.left.checked_sub(value.len() + 64);
            self.left = left.ok_or_else(|| {
                let message = "the references of the service stand for over 8 MiB".to_owned();
                problem(&placed.spot, (Code::InvalidReference, message, None))
            })?;
            Ok(value)
        })
    }

    fn value(&mut self, template: &Template, placed: &Placed) -> Result<String, Box<Problem>> {
        let wrong = |wrong| problem(&placed.spot, wrong);
        match &placed.to {
            Reference::Escape => Ok(String::new()),
            Reference::SessionName => Ok(session_name(self.config)),
            Reference::Variable { name, default } => match self.variables {
                Variables::Filled => self
                    .values
                    .variable(name, default.as_deref())
                    .map_err(wrong),
                Variables::Written => Ok(template.written_as(placed).to_owned()),
                Variables::As(text) => Ok(text.to_owned()),
            },
            Reference::Port(name) => {
                let service = self.config.service(name);
                let port = service.and_then(|service| self.values.port(service));
                port.map(|port| port.to_string())
                    .ok_or_else(|| wrong(no_such("port", name)))
            }
            Reference::Url(name) => {
                if self.depth == MAX_DEPTH {
                    let message = format!("urls are made of urls over {MAX_DEPTH} levels deep");
                    return Err(wrong((Code::InvalidReference, message, None)));
                }
                self.depth += 1;
                let service = self.config.service(name);
                let url = service.map_or(Ok(None), |service| self.url(service));
                self.depth -= 1;
                url?.ok_or_else(|| wrong(no_such("url", name)))
            }
        }
    }

    fn argv(&mut self, argv: &[Template]) -> Vec<String> {
        let filled: Vec<String> = argv.iter().map(|word| self.text(word)).collect();
        if filled.first().is_some_and(String::is_empty) {
            self.refuse(
                &argv[0],
                Code::EmptyCommand,
                "the name of the program is empty",
            );
        }
        filled
    }

    fn path(&mut self, template: &Template) -> PathBuf {
        let text = self.text(template);
        if text.is_empty() {
            self.refuse(template, Code::EmptyString, "the path is empty");
        }
        // A variable that is not filled in may stand for the root.
        if self.variables != Variables::Filled && refers_to_variables(template) {
            return text.into();
        }
        within(&self.config.dir, &text)
    }

    /// Reports that what a text stands for cannot be used, unless that has a reason of its own.
    fn refuse(&mut self, template: &Template, code: Code, message: &str) {
        if let (Some(placed), true) = (template.references().first(), self.problems.is_empty()) {
            let wrong = (code, message.to_owned(), None);
            self.problems.push(*problem(&placed.spot, wrong));
        }
    }

    /// Where to open a service: its url, else the origin that its probe asks on this machine.
    fn url(&mut self, service: &model::Service) -> Result<Option<String>, Box<Problem>> {
        if let Some(template) = &service.url {
            let url = self.try_text(template)?;
            self.check_url(template, &url)?;
            return Ok(Some(url));
        }
        let Some(template) = service.url_template() else {
            return Ok(None);
        };
        let url = self.try_text(template)?;
        self.check_url(template, &url)?;
        if self.variables != Variables::Filled && refers_to_variables(template) {
            // Where a variable decides about the host, it is not known whose this is.
            let mut sampled = Filler::new(self.config, self.values, Variables::As("1"));
            let sample = sampled.try_text(template)?;
            let is_local = flowlayer_probes::local_origin(&sample).is_some();
            return Ok(is_local.then(|| written_origin(&url).to_owned()));
        }
        Ok(flowlayer_probes::local_origin(&url))
    }

    /// The parser of URLs leaves some white space out; what is left in is of no use either.
    fn check_url(&self, template: &Template, url: &str) -> Result<(), Box<Problem>> {
        let Some(placed) = template.references().first() else {
            return Ok(());
        };
        if self.variables != Variables::Filled && refers_to_variables(template) {
            return Ok(());
        }
        // Without the URL itself, in which values may be that nobody is to see.
        let message = if url.contains(|c: char| c.is_control() || c.is_whitespace()) {
            "with what it refers to, the URL has white space or a control character in it"
        } else if flowlayer_probes::check_url(url).is_err() {
            "with what it refers to, this is no absolute http:// or https:// URL"
        } else {
            return Ok(());
        };
        let wrong = (Code::InvalidUrl, message.to_owned(), None);
        Err(problem(&placed.spot, wrong))
    }

    fn probe(&mut self, template: &ProbeTemplate) -> Option<(Arc<dyn Probe>, Arguments)> {
        let arguments = template.fill(|text| {
            let filled = self.try_text(text)?;
            if template.url() == Some(text) {
                self.check_url(text, &filled)?;
            }
            Ok(filled)
        });
        let built = arguments.and_then(|arguments| {
            let probe = template.build(&arguments).map(|probe| (probe, arguments));
            probe.map_err(|refusal| {
                let mut placed = template.templates().flat_map(Template::references);
                let spot = placed.next().map(|placed| placed.spot.clone());
                let spot = spot.unwrap_or_else(Spot::nowhere);
                problem(&spot, (Code::InvalidReference, refusal.why, None))
            })
        });
        built.map_err(|problem| self.report(*problem)).ok()
    }

    fn asked(&mut self, template: &ProbeTemplate) -> Option<Asked> {
        let has_variables = template.templates().any(refers_to_variables);
        if self.variables == Variables::Filled || !has_variables {
            let (probe, _) = self.probe(template)?;
            return Some(Asked {
                kind: probe.kind(),
                target: mask_credentials(&probe.target()),
                label: probe.label(),
            });
        }
        let words = template.templates().map(|word| self.text(word));
        let target = mask_credentials(&words.collect::<Vec<_>>().join(" "));
        let short = match template.url() {
            Some(_) => target.as_str(),
            None => target.split(' ').next().unwrap_or_default(),
        };
        Some(Asked {
            kind: template.kind(),
            label: format!("{} {short}", template.kind()),
            target,
        })
    }
}

fn no_such(what: &str, service: &str) -> Wrong {
    let message = format!("{} has no {what} to refer to", quote(service));
    (Code::InvalidReference, message, None)
}

fn refers_to_variables(template: &Template) -> bool {
    let mut references = template.references().iter();
    references.any(|placed| matches!(placed.to, Reference::Variable { .. } | Reference::Url(_)))
}

/// Scheme, host and port of a URL in which something is not filled in.
fn written_origin(url: &str) -> &str {
    let authority = url.find("://").map_or(0, |at| at + 3);
    // `:-` in a reference is no end, and neither is what stands in its default.
    let mut depth = 0_usize;
    let end = url[authority..].char_indices().find(|&(_, c)| {
        match c {
            '{' => depth += 1,
            '}' => depth = depth.saturating_sub(1),
            _ => {}
        }
        depth == 0 && matches!(c, '/' | '?' | '#')
    });
    end.map_or(url, |(at, _)| &url[..authority + at])
}
