//! How the probe of a service is made, once its references are filled in.

use std::fmt;
use std::sync::Arc;

use flowlayer_probes::{Argument, Arguments, Build, Kind, Probe, Refusal, local_origin};

use super::references::scan::Reference;
use super::references::template::Template;

/// A probe that may have references in what it asks.
#[derive(Clone)]
pub struct ProbeTemplate {
    kind: &'static Kind,
    build: Build,
    arguments: Vec<(&'static str, ArgumentTemplate)>,
    /// The probe itself where nothing is a reference, else one with samples for what they stand for.
    sample: Option<Arc<dyn Probe>>,
}

/// What is configured, the same in every process: neither the address of a function nor what was made of it.
impl fmt::Debug for ProbeTemplate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = f.debug_struct("ProbeTemplate");
        shown.field("kind", &self.kind.name);
        shown.field("arguments", &self.arguments);
        shown.finish_non_exhaustive()
    }
}

/// What a parameter of a probe is set to.
#[derive(Debug, Clone)]
pub(super) enum ArgumentTemplate {
    Url(Template),
    /// Without references.
    Fixed(Argument),
    Port(Template),
    Command(Vec<Template>),
}

impl ArgumentTemplate {
    fn templates(&self) -> &[Template] {
        match self {
            Self::Url(text) | Self::Port(text) => std::slice::from_ref(text),
            Self::Fixed(_) => &[],
            Self::Command(argv) => argv,
        }
    }
}

/// What stands for a service's port while it is not known.
const SAMPLE_PORT: &str = "20000";

impl ProbeTemplate {
    /// Checks the arguments with samples for what is only known when the session starts; where a variable
    /// decides, that has to wait.
    pub(super) fn new(
        kind: &'static Kind,
        build: Build,
        arguments: Vec<(&'static str, ArgumentTemplate)>,
    ) -> Result<Self, Refusal> {
        let mut template = Self {
            kind,
            build,
            arguments,
            sample: None,
        };
        let sampled = template.fill(|text| {
            text.fill(|placed| match &placed.to {
                Reference::Port(_) => Ok(SAMPLE_PORT.to_owned()),
                Reference::Url(_) => Ok(format!("http://localhost:{SAMPLE_PORT}")),
                Reference::Variable { default, .. } => {
                    default.as_ref().map(ToString::to_string).ok_or(())
                }
                Reference::SessionName | Reference::Escape => Ok("name".to_owned()),
            })
        });
        if let Ok(arguments) = sampled {
            template.sample = Some((template.build)(&arguments)?);
        }
        Ok(template)
    }

    /// The header fields of its request, whose values its `Debug` form leaves out.
    pub fn headers(&self) -> Option<&[(String, String)]> {
        self.arguments
            .iter()
            .find_map(|(_, argument)| match argument {
                ArgumentTemplate::Fixed(Argument::Headers(headers)) => Some(&*headers.0),
                _ => None,
            })
    }

    /// Its arguments, with each text as `fill` makes it.
    pub(super) fn fill<E>(
        &self,
        mut fill: impl FnMut(&Template) -> Result<String, E>,
    ) -> Result<Arguments, E> {
        let mut arguments = Arguments::default();
        for (name, argument) in &self.arguments {
            let filled = match argument {
                ArgumentTemplate::Url(text) => Argument::Text(fill(text)?),
                ArgumentTemplate::Fixed(argument) => argument.clone(),
                // What stands for a port is one.
                ArgumentTemplate::Port(text) => Argument::Port(fill(text)?.parse().unwrap_or(0)),
                ArgumentTemplate::Command(argv) => {
                    Argument::Command(argv.iter().map(&mut fill).collect::<Result<_, _>>()?)
                }
            };
            arguments.0.insert(name, filled);
        }
        Ok(arguments)
    }

    /// The probe with these arguments, which [`fill`](Self::fill) has made.
    pub(super) fn build(&self, arguments: &Arguments) -> Result<Arc<dyn Probe>, Refusal> {
        match &self.sample {
            Some(probe) if self.is_literal() => Ok(Arc::clone(probe)),
            _ => (self.build)(arguments),
        }
    }

    /// The name of its kind.
    pub(super) fn kind(&self) -> &'static str {
        self.kind.name
    }

    /// The port of this machine that it asks, where no reference decides that.
    pub(super) fn port(&self) -> Option<u16> {
        let sample = self.sample.as_ref();
        sample.filter(|_| self.is_literal())?.port()
    }

    fn is_literal(&self) -> bool {
        self.templates().all(Template::is_literal)
    }

    pub(super) fn templates(&self) -> impl Iterator<Item = &Template> {
        let arguments = self.arguments.iter();
        arguments.flat_map(|(_, argument)| argument.templates())
    }

    /// The URL that it asks, if it asks one.
    pub(super) fn url(&self) -> Option<&Template> {
        self.arguments
            .iter()
            .find_map(|(_, argument)| match argument {
                ArgumentTemplate::Url(text) => Some(text),
                _ => None,
            })
    }

    /// Whether what it asks may be an origin on this machine.
    pub(super) fn may_have_origin(&self) -> bool {
        self.url().is_some_and(|_| match &self.sample {
            Some(sample) => local_origin(&sample.target()).is_some(),
            None => true,
        })
    }
}
