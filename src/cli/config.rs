//! `tranship config`: the resolved manifest, printed as `docker compose config` prints it.

use super::report::not_written;
use super::{CommandContext, ExitStatus, MessageFormat, Verbosity};
use camino::Utf8PathBuf;
use std::fmt::Write;
use std::mem::ManuallyDrop;
use tranship_artifact::replace_file;
use tranship_frontend::compose::render::{self, RenderFormat as Form, service_hash};
use tranship_frontend::compose::variables::variables;
use tranship_frontend::compose::{LoadOptions, Manifest, load, newer_keys};
use tranship_frontend::diagnostic::Diagnostics;
use tranship_frontend::source::Sources;
use tranship_frontend::yaml::Node;

/// The arguments of the command, the same as Docker Compose's.
#[derive(Debug, clap::Args)]
pub struct ConfigCommand {
    /// Print only these services and their dependencies
    #[arg(value_name = "SERVICE")]
    selected: Vec<String>,
    /// The output format
    #[arg(long, value_enum, value_name = "yaml|json", hide_possible_values = true)]
    format: Option<ConfigFormat>,
    /// Write to this file instead of standard output
    #[arg(short, long, value_name = "FILE")]
    output: Option<Utf8PathBuf>,
    /// Do not interpolate variables
    #[arg(long)]
    no_interpolate: bool,
    /// Do not normalize: leave out names, the default network and implied dependencies
    #[arg(long)]
    no_normalize: bool,
    /// Do not resolve relative paths
    #[arg(long)]
    no_path_resolution: bool,
    /// Do not check references
    #[arg(long)]
    no_consistency: bool,
    /// Accepted for compatibility with Docker Compose; env files are read anyway
    #[arg(long)]
    no_env_resolution: bool,
    /// Keep unused volumes, networks, secrets and configs
    #[arg(long)]
    all_resources: bool,
    /// Name images as Docker Compose 1 did
    #[arg(long)]
    compatibility: bool,
    #[command(flatten)]
    listing: ConfigListing,
}

/// What to list instead of the manifest.
#[derive(Debug, clap::Args)]
#[group(multiple = false)]
struct ConfigListing {
    /// List the services
    #[arg(id = "list-services", long = "services")]
    services: bool,
    /// List the volumes
    #[arg(id = "list-volumes", long = "volumes")]
    volumes: bool,
    /// List the networks
    #[arg(id = "list-networks", long = "networks")]
    networks: bool,
    /// List the models
    #[arg(id = "list-models", long = "models")]
    models: bool,
    /// List the profiles
    #[arg(id = "list-profiles", long = "profiles")]
    profiles: bool,
    /// List the images
    #[arg(id = "list-images", long = "images")]
    images: bool,
    /// List the variables in the manifest, with their defaults
    #[arg(id = "list-variables", long = "variables")]
    variables: bool,
    /// List the environment used for interpolation
    #[arg(id = "list-environment", long = "environment")]
    environment: bool,
    /// List the configuration hashes of services: comma-separated names, or `*`
    #[arg(long, value_name = "SERVICES")]
    hash: Option<String>,
}

/// The output format.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum ConfigFormat {
    /// JSON.
    Json,
    /// YAML.
    Yaml,
}

impl ConfigCommand {
    /// Loads and prints.
    pub fn run(&self, context: &mut CommandContext<'_>) -> ExitStatus {
        let options = self.options(context.global.load_options());
        // The process is about to exit: freeing the tree node by node would be wasted work.
        let mut sources = ManuallyDrop::new(Sources::new());
        let mut diagnostics = Diagnostics::new();
        let manifest = ManuallyDrop::new(load(&options, context.world, &mut sources, &mut diagnostics));
        let refused = manifest.iter().flat_map(newer_keys);
        refused.for_each(|newer| diagnostics.push(newer));
        let exit = context.report(MessageFormat::Human, None, &[(&diagnostics, &sources)]);
        let Some(manifest) = &*manifest else {
            return if exit == ExitStatus::Done { ExitStatus::Refused } else { exit };
        };
        if diagnostics.error_count() > 0 {
            return exit;
        }
        if context.shell.verbosity() == Verbosity::Quiet && !self.lists() {
            return ExitStatus::Done;
        }
        match self.text(manifest) {
            Ok(text) => self.print(&text, context),
            Err(unknown) => {
                context.shell.error(&format!("unknown service `{unknown}`"));
                ExitStatus::Refused
            }
        }
    }

    fn options(&self, options: LoadOptions) -> LoadOptions {
        let listing = &self.listing;
        let everything = listing.services || listing.volumes || listing.networks || listing.models;
        LoadOptions {
            services: if everything || listing.hash.is_some() { Vec::new() } else { self.selected.clone() },
            no_interpolate: self.no_interpolate || listing.variables,
            no_normalize: self.no_normalize || self.compatibility,
            no_path_resolution: self.no_path_resolution,
            no_consistency: self.no_consistency,
            // Lists and hashes use `env_file` as written.
            no_env_resolution: self.lists() && !listing.environment,
            all_resources: self.all_resources,
            ..options
        }
    }

    fn lists(&self) -> bool {
        let listing = &self.listing;
        listing.services
            || listing.volumes
            || listing.networks
            || listing.models
            || listing.profiles
            || listing.images
            || listing.variables
            || listing.environment
            || listing.hash.is_some()
    }

    /// The text to print, or the name of an unknown service.
    fn text(&self, manifest: &Manifest) -> Result<String, String> {
        let listing = &self.listing;
        let keys = |room: &str| manifest.root.get(room).and_then(Node::as_mapping).into_iter().flatten();
        let names = |room: &str| lines(keys(room).map(|entry| entry.key.text.to_string()));
        if listing.services {
            Ok(names("services"))
        } else if listing.volumes {
            Ok(names("volumes"))
        } else if listing.networks {
            Ok(names("networks"))
        } else if listing.models {
            let models = keys("models").filter_map(|entry| entry.value.get("model").and_then(Node::as_str));
            Ok(lines(models.map(str::to_owned)))
        } else if listing.profiles {
            Ok(lines(manifest.profiles.iter().map(|profile| profile.to_string())))
        } else if listing.images {
            Ok(lines(keys("services").map(|entry| self.image(&entry.key.text, &entry.value, manifest))))
        } else if listing.variables {
            Ok(self.variables(manifest))
        } else if listing.environment {
            let variables = manifest.environment.iter();
            Ok(lines(variables.map(|(name, variable)| format!("{name}={}", variable.value))))
        } else if let Some(wanted) = &listing.hash {
            hashes(manifest, wanted)
        } else {
            Ok(self.whole(manifest))
        }
    }

    fn whole(&self, manifest: &Manifest) -> String {
        let form = if self.format == Some(ConfigFormat::Json) { Form::Json } else { Form::Yaml };
        if self.no_interpolate {
            render::model(&manifest.root, form)
        } else {
            render::project(&manifest.root, form)
        }
    }

    fn image(&self, name: &str, service: &Node, manifest: &Manifest) -> String {
        let separator = if self.compatibility { '_' } else { '-' };
        match service.get("image").and_then(Node::as_str) {
            Some(image) => image.to_owned(),
            None => format!("{}{separator}{name}", manifest.name),
        }
    }

    fn variables(&self, manifest: &Manifest) -> String {
        let mut rows = vec![["NAME", "REQUIRED", "DEFAULT VALUE", "ALTERNATE VALUE"].map(str::to_owned)];
        for (name, variable) in variables(&manifest.root) {
            rows.push([name, variable.required.to_string(), variable.fallback, variable.alternate]);
        }
        table(&rows)
    }

    fn print(&self, text: &str, context: &mut CommandContext<'_>) -> ExitStatus {
        let Some(file) = &self.output else {
            context.shell.data(text);
            return ExitStatus::Done;
        };
        match replace_file(file, text.as_bytes()) {
            Ok(()) => ExitStatus::Done,
            Err(error) => {
                context.report_failure(not_written(&error), &error.path());
                ExitStatus::Failed
            }
        }
    }
}

fn lines(lines: impl Iterator<Item = String>) -> String {
    lines.fold(String::new(), |text, line| text + &line + "\n")
}

/// `name hash` for every requested service, sorted by name.
fn hashes(manifest: &Manifest, wanted: &str) -> Result<String, String> {
    let mut names: Vec<&str> = if wanted == "*" {
        manifest.services().map(|(name, _)| &**name).collect()
    } else {
        wanted.split(',').collect()
    };
    names.sort_unstable();
    let mut text = String::new();
    for name in names {
        let service = manifest.root.at(&["services", name]).ok_or_else(|| name.to_owned())?;
        let _ = writeln!(text, "{name} {}", service_hash(service));
    }
    Ok(text)
}

/// Columns at least 20 characters wide, with a gap of three.
fn table(rows: &[[String; 4]]) -> String {
    let mut text = String::new();
    for row in rows {
        for (column, cell) in row.iter().enumerate() {
            let widest = rows.iter().filter_map(|row| row.get(column)).map(|cell| cell.chars().count()).max();
            let width = if column == 3 { 0 } else { (widest.unwrap_or(0) + 3).max(20) };
            let _ = write!(text, "{cell:width$}");
        }
        text.push('\n');
    }
    text
}
