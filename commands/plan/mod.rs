//! `flowlayer plan`: the waves in which the services of a configuration start (docs/cli.md, plan).

mod graph;
mod resolved;

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;

use flowlayer_core::config::{self, Config, Values};
use flowlayer_core::plan::Plan;
use serde_json::{Value, json};

use crate::config_file;
use crate::config_file::ConfigArgs;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::session;
use crate::terminal::color::Colors;
use crate::terminal::{diagnostics, print};

/// Show the waves in which the services of a configuration start
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(flatten)]
    config: ConfigArgs,
    /// Output format
    #[arg(long, value_enum, default_value_t, value_name = "FORMAT")]
    format: Format,
    /// Also show what each service runs, with references filled in and the values of variables masked
    #[arg(long)]
    resolved: bool,
    /// Show the values of variables and the credentials in URLs
    #[arg(long, requires = "resolved")]
    show_values: bool,
}

/// How `plan` writes the plan.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, clap::ValueEnum)]
enum Format {
    /// One line per wave
    #[default]
    Text,
    /// One JSON document with waves and edges
    Json,
    /// A graph for Graphviz
    Dot,
    /// A flowchart for Mermaid
    Mermaid,
}

/// Chooses, reads and plans the configuration.
pub(crate) fn run(args: &Args, colors: Colors) -> Result<Exit, Failure> {
    if args.resolved && matches!(args.format, Format::Dot | Format::Mermaid) {
        let message = "--resolved goes with --format text or json: a graph has no commands";
        return Err(Failure::Usage(message.to_owned()));
    }
    let path = config_file::choose(args.config.named(), Path::new("."))?;
    let mut loaded = config_file::load(&path, colors)?;
    let mut values = config_file::values(&loaded.config)?;
    if let Some(running) = session::ports_of(&path, colors).filter(|_| !values.ports.is_empty()) {
        values.ports.extend(running);
    }
    let unset = config::unset_variables(&loaded.config, &values);
    loaded.warnings = loaded.source.place([loaded.warnings, unset].concat());
    config_file::print_warnings(&loaded, colors);
    let (config, plan) = (&loaded.config, &loaded.plan);
    let services = args
        .resolved
        .then(|| resolved::services(config, &values, args.show_values));
    let services = services.transpose();
    let services =
        services.map_err(|problems| config_file::unresolved(problems, &loaded.source, colors))?;
    print::stdout(&match args.format {
        Format::Text => {
            let services = services.map(|services| resolved::text(config, plan, &services));
            text(config, plan) + &services.unwrap_or_default()
        }
        Format::Json => {
            let services = services.map(|services| resolved::json(config, &services));
            json(config, plan, &values, services)
        }
        Format::Dot => graph::dot(&loaded.config, &loaded.plan),
        Format::Mermaid => graph::mermaid(&loaded.config, &loaded.plan),
    });
    // The process ends here: freeing the configuration piece by piece would only take time.
    std::mem::forget(loaded);
    Ok(Exit::SUCCESS)
}

fn text(config: &Config, plan: &Plan) -> String {
    let mut text = format!("services: {}\nplan:\n", config.services.len());
    for (wave, services) in plan.waves.iter().enumerate() {
        let names: Vec<String> = services
            .iter()
            .map(|&service| diagnostics::readable(&config.services[service].name))
            .collect();
        // Writing into a string cannot fail.
        let _ = writeln!(text, "[{wave}] {}", names.join(", "));
    }
    text
}

fn json(config: &Config, plan: &Plan, values: &Values, services: Option<Value>) -> String {
    let ports = config.services.iter();
    let ports = ports.filter_map(|service| Some((service.name.to_string(), values.port(service)?)));
    let ports: BTreeMap<String, u16> = ports.collect();
    let name = |&service: &usize| &*config.services[service].name;
    let waves: Vec<Vec<&str>> = plan
        .waves
        .iter()
        .map(|services| services.iter().map(name).collect())
        .collect();
    let edges: Vec<[&str; 2]> = edges(config)
        .map(|(service, needed)| [name(&service), name(&needed)])
        .collect();
    let mut document = json!({
        "services": config.services.len(),
        "waves": waves,
        "edges": edges,
    });
    if !ports.is_empty() {
        document["ports"] = json!(ports);
    }
    if let Some(services) = services {
        document["resolved"] = services;
    }
    print::json_line(&document)
}

/// Each service with each service it depends on, sorted.
fn edges(config: &Config) -> impl Iterator<Item = (usize, usize)> + '_ {
    let services = config.services.iter().enumerate();
    services.flat_map(|(index, service)| service.depends_on.iter().map(move |&on| (index, on)))
}
