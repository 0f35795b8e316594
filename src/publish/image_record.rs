//! What became of the images: `images.json`, beside the artifacts.
//!
//! In: the published images. Out: JSON that is also a parameter file, so that `deploy --parameter-file` and
//! CloudFormation's own tools can read it. Invariant: sorted; the same images give the same bytes.

use indexmap::IndexMap;
use serde::Serialize;
use serde_json::Value;
use std::collections::BTreeMap;

/// The name of the file.
pub const IMAGES_FILE: &str = "images.json";

/// An image that a deployment can name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PublishedImage {
    /// The recipe's name.
    pub name: String,
    /// The parameter of the template that takes its reference.
    pub parameter: Option<String>,
    /// The reference: repository and digest.
    pub reference: String,
    /// The tag that it was pushed under; none where it was made elsewhere.
    pub tag: Option<String>,
    /// What it was made from.
    pub from: Option<String>,
    /// The services that run it.
    pub services: Vec<String>,
    /// Whether this run pushed it.
    pub pushed: bool,
}

#[derive(Serialize)]
struct ImageRecord<'a> {
    #[serde(rename = "Parameters")]
    parameters: BTreeMap<&'a str, &'a str>,
    #[serde(rename = "Images")]
    images: BTreeMap<&'a str, IndexMap<&'static str, serde_json::Value>>,
}

/// The text of the file.
pub fn image_record(images: &[PublishedImage]) -> String {
    let parameters = images.iter().filter_map(|it| Some((it.parameter.as_deref()?, it.reference.as_str())));
    let entries = images.iter().map(|image| {
        let mut entry = IndexMap::from([("image", image.reference.as_str().into())]);
        entry.extend(image.tag.as_deref().map(|tag| ("tag", tag.into())));
        entry.extend(image.from.as_deref().map(|from| ("from", from.into())));
        entry.insert("services", image.services.clone().into());
        (image.name.as_str(), entry)
    });
    let record = ImageRecord { parameters: parameters.collect(), images: entries.collect() };
    // Strings and lists of strings are always JSON.
    serde_json::to_string_pretty(&record).unwrap_or_default() + "\n"
}

/// A parameter file with the images' references; none where it names no parameters, or would stay as it is.
pub fn fill_parameters(file: &[u8], images: &[PublishedImage]) -> Option<String> {
    let mut file: Value = serde_json::from_slice(file).ok()?;
    let parameters = file.get_mut("Parameters")?.as_object_mut()?;
    let named = images.iter().filter_map(|image| Some((image.parameter.clone()?, image.reference.clone())));
    let before = parameters.len();
    parameters.extend(named.map(|(name, reference)| (name, reference.into())));
    if parameters.len() == before {
        return None;
    }
    parameters.sort_keys();
    serde_json::to_string_pretty(&file).ok().map(|text| text + "\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_record_is_a_parameter_file() {
        let image = |name: &str, parameter: Option<&str>| PublishedImage {
            name: name.to_owned(),
            parameter: parameter.map(str::to_owned),
            reference: format!("r.example/shop/{name}@sha256:1"),
            tag: Some("files-1".to_owned()),
            from: None,
            services: vec![name.to_owned()],
            pushed: true,
        };
        let text = image_record(&[image("web", Some("WebImage")), image("api", None)]);
        let record: serde_json::Value = serde_json::from_str(&text).unwrap();
        assert_eq!(record["Parameters"], serde_json::json!({ "WebImage": "r.example/shop/web@sha256:1" }));
        assert_eq!(record["Images"]["api"]["services"][0], "api");
        let filled =
            fill_parameters(br#"{"Parameters": {"Xyz": "1"}}"#, &[image("web", Some("WebImage"))]).unwrap();
        let filled: Value = serde_json::from_str(&filled).unwrap();
        assert_eq!(filled["Parameters"]["WebImage"], "r.example/shop/web@sha256:1");
        assert_eq!(fill_parameters(b"{}", &[]), None);
        assert!(text.find("\"api\"") < text.rfind("\"web\"") && text.ends_with("}\n"));
    }
}
