//! Devices by what they can do (`gpus`, `deploy.resources.reservations.devices`), and the room of a container's own layer.

use super::reader::{DocumentReader, scalar};
use crate::{At, DeviceCount, DeviceRequest};
use tranship_frontend::compose::value;
use tranship_frontend::yaml::Node;

/// The capability that makes a device a GPU (Docker documentation, "Run Docker Compose services with GPU access").
const GPU: &str = "gpu";

impl DocumentReader<'_> {
    /// The entries of both keys.
    pub(super) fn device_requests(&mut self, node: &Node) -> Vec<DeviceRequest> {
        let gpus = node.get("gpus").and_then(Node::as_sequence).unwrap_or_default();
        let reserved = node.at(&["deploy", "resources", "reservations", "devices"]);
        let reserved = reserved.and_then(Node::as_sequence).unwrap_or_default();
        let of_gpus = gpus.iter().map(|item| (item, true));
        of_gpus
            .chain(reserved.iter().map(|item| (item, false)))
            .map(|(item, gpu)| self.device_request(item, gpu))
            .collect()
    }

    fn device_request(&mut self, item: &Node, gpu: bool) -> DeviceRequest {
        let capabilities = self.strings(item.get("capabilities"));
        let gpu = gpu || capabilities.iter().any(|one| one.value == GPU);
        DeviceRequest {
            driver: self.string(item.get("driver")),
            count: self.device_count(item),
            capabilities,
            gpu,
            options: item.get("options").map(|options| options.id).into_iter().collect(),
            node: item.id,
            origin: item.origin,
        }
    }

    /// Docker gives all devices where neither a count nor ids are named; -1 is all, too.
    fn device_count(&mut self, item: &Node) -> DeviceCount {
        let ids = self.strings(item.get("device_ids"));
        if !ids.is_empty() {
            return DeviceCount::These(ids);
        }
        let Some(count) = item.get("count").filter(|count| !count.is_null()) else {
            return DeviceCount::All(None);
        };
        match scalar(count).and_then(|text| text.parse::<u32>().ok()) {
            Some(number) => DeviceCount::Exactly(At::of(count, number)),
            None => DeviceCount::All(Some(At::of(count, ()))),
        }
    }

    /// `storage_opt.size`: the most that the container may write.
    pub(super) fn storage_size(&mut self, node: &Node) -> Option<At<u64>> {
        let node = node.at(&["storage_opt", "size"])?;
        let size = value::parse_bytes(&self.fixed(node)?)?;
        u64::try_from(size).ok().filter(|size| *size > 0).map(|size| At::of(node, size))
    }
}
