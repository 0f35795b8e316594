//! An archive of `docker save` as an image layout.
//!
//! In: the archive. Out: a directory. Since version 25 Docker's archives are layouts and are only unpacked; older ones
//! list the layers of `manifest.json`, for which a manifest is written here. Source: Docker image specification 1.2,
//! "Combined Image JSON + Filesystem Changeset Format"; OCI image specification, "Image Layout".

use crate::deploy::DeployFailure;
use camino::{Utf8Path, Utf8PathBuf};
use serde_json::{Value, json};
use std::fs::{self, File};
use std::io;
use tranship_images::{ContentDigest, DigestWriter};

/// Media types of what older archives hold.
const CONFIG: &str = "application/vnd.oci.image.config.v1+json";
const LAYER: &str = "application/vnd.oci.image.layer.v1.tar";

/// Unpacks an archive, so that the directory is a layout.
pub(super) fn unpack(archive: &Utf8Path, directory: &Utf8Path) -> Result<(), DeployFailure> {
    let read = || {
        fs::create_dir_all(directory)?;
        tar::Archive::new(File::open(archive)?).unpack(directory)?;
        fs::remove_file(archive)?;
        if directory.join("index.json").exists() { Ok(()) } else { convert(directory) }
    };
    read().map_err(|error: io::Error| {
        DeployFailure::failed(format!("what `docker save` wrote cannot be read: {error}"))
    })
}

/// Writes the manifest of an older archive.
fn convert(directory: &Utf8Path) -> io::Result<()> {
    let invalid = || io::Error::other("`manifest.json` is not in Docker's format");
    let listed: Value = serde_json::from_slice(&fs::read(directory.join("manifest.json"))?)?;
    let image = listed.get(0).ok_or_else(invalid)?;
    fs::create_dir_all(directory.join("blobs/sha256"))?;
    let config = image.get("Config").and_then(Value::as_str).ok_or_else(invalid)?;
    let config = blob(directory, config, CONFIG)?;
    let layers = image.get("Layers").and_then(Value::as_array).ok_or_else(invalid)?;
    let layers: io::Result<Vec<Value>> =
        layers.iter().map(|layer| blob(directory, layer.as_str().ok_or_else(invalid)?, LAYER)).collect();
    let manifest = json!({
        "schemaVersion": 2,
        "mediaType": "application/vnd.oci.image.manifest.v1+json",
        "config": config,
        "layers": layers?,
    });
    let manifest = manifest.to_string().into_bytes();
    let digest = ContentDigest::of(&manifest);
    fs::write(place(directory, &digest), &manifest)?;
    let index = json!({ "schemaVersion": 2, "manifests": [{
        "mediaType": "application/vnd.oci.image.manifest.v1+json",
        "size": manifest.len(),
        "digest": digest.as_str(),
    }]});
    fs::write(directory.join("index.json"), index.to_string())
}

fn place(directory: &Utf8Path, digest: &ContentDigest) -> Utf8PathBuf {
    directory.join("blobs/sha256").join(digest.hex())
}

/// Puts a file of the archive where a layout has it. A layer may stand in the list twice.
fn blob(directory: &Utf8Path, path: &str, media_type: &str) -> io::Result<Value> {
    let file = directory.join(path);
    // The list is input: it must not lead out of the archive.
    if !file.canonicalize_utf8()?.starts_with(directory.canonicalize_utf8()?) {
        return Err(io::Error::other("`manifest.json` points outside the archive"));
    }
    let mut digest = DigestWriter::default();
    let size = io::copy(&mut File::open(&file)?, &mut digest)?;
    let digest = digest.finish();
    fs::copy(&file, place(directory, &digest))?;
    Ok(json!({ "mediaType": media_type, "size": size, "digest": digest.as_str() }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::publish::local_layout::LocalLayout;
    use tranship_images::ManifestDocument;

    fn archive(files: &[(&str, &str)], path: &Utf8Path) {
        let mut archive = tar::Builder::new(File::create(path).unwrap());
        for (name, text) in files {
            let mut header = tar::Header::new_gnu();
            header.set_size(text.len() as u64);
            header.set_mode(0o644);
            archive.append_data(&mut header, name, text.as_bytes()).unwrap();
        }
        archive.finish().unwrap();
    }

    #[test]
    fn an_old_archive_becomes_a_layout() {
        let folder = tempfile::tempdir().unwrap();
        let place = Utf8Path::from_path(folder.path()).unwrap();
        let list = r#"[{"Config": "abc.json", "RepoTags": ["t"], "Layers": ["1/layer.tar", "2/layer.tar"]}]"#;
        let files =
            [("abc.json", "{}"), ("1/layer.tar", "one"), ("2/layer.tar", "two"), ("manifest.json", list)];
        archive(&files, &place.join("a.tar"));
        unpack(&place.join("a.tar"), &place.join("image")).unwrap();
        let layout = LocalLayout::new(&place.join("image"));
        let root = layout.root(None).unwrap();
        let ManifestDocument::Image { config, layers } = ManifestDocument::parse(&root.bytes).unwrap() else {
            panic!("an image")
        };
        assert_eq!(config.digest, ContentDigest::of(b"{}"));
        assert_eq!(fs::read(layout.layer(&layers[1].digest).unwrap()).unwrap(), b"two");
    }

    #[test]
    fn a_list_does_not_lead_out_of_the_archive() {
        let folder = tempfile::tempdir().unwrap();
        let place = Utf8Path::from_path(folder.path()).unwrap();
        fs::write(place.join("secret"), "x").unwrap();
        archive(&[("manifest.json", r#"[{"Config": "../secret", "Layers": []}]"#)], &place.join("a.tar"));
        let failure = unpack(&place.join("a.tar"), &place.join("image")).unwrap_err();
        assert!(failure.message.contains("points outside the archive"), "{}", failure.message);
    }
}
