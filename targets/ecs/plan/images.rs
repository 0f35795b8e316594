//! Images that a deployment makes before it can run: built from the project, or derived from an image by adding files.
//!
//! In: the application and the files of its services. Out: a recipe for each image, once even where several services
//! run it, and the parameter of the template that takes its reference. A parameter has a default where the manifest
//! names a registry that the image may be pushed to by other means.

use super::planner::EcsPlanner;
use super::service_files::ServiceFileTable;
use super::{ParameterPlan, tasks};
use std::collections::{BTreeMap, BTreeSet};
use tranship_app::{
    AppService, ContainerImage, ContainerSpec, ImageBuild, ManifestName, Text, TextPiece, VolumeOwner,
};
use tranship_cloudformation::{LogicalId, ResourceRole, TemplateParameter};
use tranship_facts::{ImagePlatform, ProcessorArchitecture};
use tranship_images::{BaseImage, BuildRequest, FileLayer, FileOwner, ImageRecipe};

/// The images that are made, and who runs them.
#[derive(Debug, Default)]
pub(super) struct MadeImages {
    /// What is made, in the order of the services.
    pub(super) recipes: Vec<ImageRecipe>,
    /// What takes their references.
    pub(super) parameters: Vec<ParameterPlan>,
    /// The parameters by the services that run the images.
    services: BTreeMap<ManifestName, LogicalId>,
    /// Names that no other recipe may have.
    names: BTreeSet<String>,
}

/// The images of all services.
pub(super) fn plan(planner: &mut EcsPlanner<'_, '_>, files: &ServiceFileTable) -> MadeImages {
    let mut made = MadeImages::default();
    made.names.extend(planner.app.services.keys().map(ToString::to_string));
    for service in planner.app.services.values() {
        made.service(planner, service, files);
        for node in service.container.build.iter().flat_map(|build| build.peek().nodes()) {
            planner.exact(&node, "how the image is built");
        }
    }
    made
}

impl MadeImages {
    /// The parameter that names a service's image, where it is made.
    pub(super) fn of(&self, service: &str) -> Option<&LogicalId> {
        self.services.get(service)
    }

    fn service(&mut self, planner: &EcsPlanner<'_, '_>, service: &AppService, files: &ServiceFileTable) {
        let container = &service.container;
        let image = match &container.image {
            ContainerImage::Named(text) => Some(text),
            ContainerImage::Built { .. } => None,
        };
        let layer = files.of(&service.name).map(|files| files.layer.clone());
        let layer = layer.filter(|layer| !layer.entries.is_empty());
        let (base, base_user) = match (&container.build, image) {
            (Some(build), image) => (BaseImage::Built(request(planner, build.peek(), image)), None),
            (None, Some(image)) if layer.is_some() => (BaseImage::Named(shown(image)), user(container)),
            (None, _) => return,
        };
        let platform = platform(planner, service);
        let same =
            |one: &&mut ImageRecipe| (&one.base, &one.layer, &one.platform) == (&base, &layer, &platform);
        if let Some(known) = self.recipes.iter_mut().find(same) {
            known.services.push(service.name.to_string());
            let id = self.services.get(known.name.as_str()).cloned();
            self.services.extend(id.map(|id| (service.name.clone(), id)));
            return;
        }
        let id = LogicalId::of(&service.name, ResourceRole::Image);
        let parameter =
            parameter(service, image, layer.is_some()).map(|it| ParameterPlan::plain(id.clone(), it));
        if parameter.is_some() {
            self.services.insert(service.name.clone(), id.clone());
        }
        self.recipes.push(ImageRecipe {
            name: service.name.to_string(),
            services: vec![service.name.to_string()],
            parameter: parameter.is_some().then(|| id.to_string()),
            base,
            base_user,
            layer,
            platform,
        });
        self.parameters.extend(parameter);
    }

    /// The image of a container that writes files: a base that has a shell, with the files in it. Its parameter.
    pub(super) fn writer(
        &mut self,
        planner: &EcsPlanner<'_, '_>,
        main: &AppService,
        base: &str,
        layer: FileLayer,
    ) -> LogicalId {
        let platform = platform(planner, main);
        let base = BaseImage::Named(base.to_owned());
        let same = |one: &&ImageRecipe| {
            one.base == base && one.layer.as_ref() == Some(&layer) && one.platform == platform
        };
        if let Some(known) = self.recipes.iter().find(same) {
            return LogicalId::of(&known.name, ResourceRole::Image);
        }
        let mut name = format!("{}-files", main.name);
        while !self.names.insert(name.clone()) {
            name.push('_');
        }
        let id = LogicalId::of(&name, ResourceRole::Image);
        let text =
            format!("The image that writes files into volumes of {}: registry, name and tag.", main.name);
        let parameter =
            TemplateParameter::string(text).min_length(1).comment(format!("services.{}", main.name));
        self.parameters.push(ParameterPlan::plain(id.clone(), parameter));
        self.recipes.push(ImageRecipe {
            name,
            services: vec![main.name.to_string()],
            parameter: Some(id.to_string()),
            base,
            base_user: None,
            layer: Some(layer),
            platform,
        });
        id
    }
}

/// What takes the reference of a service's image. `None` where the template can only name the image that the manifest
/// names, since a variable in it is a parameter itself.
fn parameter(service: &AppService, image: Option<&Text>, derived: bool) -> Option<TemplateParameter> {
    let name = &service.name;
    let (text, key) = match (derived, service.container.build.is_some()) {
        (true, _) => {
            (format!("The image of {name} with its mounted files: registry, name and tag."), "volumes")
        }
        (false, _) => {
            (format!("The image of {name}, as the pipeline pushed it: registry, name and tag."), "build")
        }
    };
    let key = if derived { format!("services.{name}") } else { format!("services.{name}.{key}") };
    let parameter = TemplateParameter::string(text).min_length(1).comment(key);
    match image.filter(|_| !derived) {
        None => Some(parameter),
        Some(image) => {
            let known = image.literal()?;
            // Nobody but Docker pushes to a name without a registry or an account.
            Some(if known.contains('/') { parameter.default(&*known) } else { parameter })
        }
    }
}

/// A build as a builder takes it.
fn request(planner: &EcsPlanner<'_, '_>, build: &ImageBuild, image: Option<&Text>) -> BuildRequest {
    let project = planner.cx.compose.directory();
    // A recipe is shown and stored: whoever builds gives the value of a secret.
    let is_open = |value: &String| !planner.app.known_secrets.is_in(value.as_bytes());
    let word = |at: &Option<tranship_app::At<String>>| at.as_ref().map(|at| at.peek().clone());
    BuildRequest {
        context: ImageBuild::from_project(build.context.peek(), project),
        dockerfile: word(&build.dockerfile),
        dockerfile_inline: word(&build.dockerfile_inline),
        target: word(&build.target),
        args: build
            .args
            .iter()
            .map(|(name, value)| (name.to_string(), value.peek().as_ref().map(shown).filter(is_open)))
            .collect(),
        additional_contexts: build
            .additional_contexts
            .iter()
            .map(|(name, context)| (name.to_string(), ImageBuild::from_project(context.peek(), project)))
            .collect(),
        labels: build.labels.iter().map(|(name, text)| (name.to_string(), shown(text))).collect(),
        image: image.map(shown),
    }
}

/// A text with `${NAME}` for what a builder must be told.
fn shown(text: &Text) -> String {
    let piece = |piece: &TextPiece| match piece {
        TextPiece::Literal(text) => text.to_string(),
        TextPiece::LateBound(variable) => format!("${{{}}}", variable.name),
        TextPiece::Region => "${AWS_REGION}".to_owned(),
        TextPiece::Account => "${AWS_ACCOUNT_ID}".to_owned(),
        TextPiece::Partition => "${AWS_PARTITION}".to_owned(),
        TextPiece::Host(name) => name.to_string(),
        TextPiece::Database { .. } | TextPiece::Secret(_) => String::new(),
    };
    text.segments.iter().map(|segment| piece(&segment.piece)).collect()
}

/// Whom an image starts as, where that is known and not root.
fn user(container: &ContainerSpec) -> Option<FileOwner> {
    let user = container.image_facts().user().filter(|user| *user != VolumeOwner::ROOT)?;
    Some(FileOwner { user: user.user, group: user.group })
}

/// The processor that a service's tasks run on, as images name it.
fn platform(planner: &EcsPlanner<'_, '_>, service: &AppService) -> String {
    let tasks = planner.layout.tasks_of(&service.name).iter();
    let members = tasks.flat_map(|task| planner.layout.members_of(task));
    let services = std::iter::once(&service.name).chain(members);
    let asked = services.filter_map(|name| planner.app.services.get(name)?.container.platform.as_ref());
    let mut processors = asked.filter_map(|asked| ImagePlatform::parse(asked.peek()).processor());
    match processors.next().unwrap_or_else(|| tasks::usual_processor(planner)) {
        ProcessorArchitecture::X86 => "linux/amd64".to_owned(),
        ProcessorArchitecture::Arm => "linux/arm64".to_owned(),
    }
}
