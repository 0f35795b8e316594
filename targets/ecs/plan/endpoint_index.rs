//! The endpoints of the application by their services.

use indexmap::IndexMap;
use tranship_app::{Application, ServiceEndpoint};

/// The endpoints of each service, in the order of the application: each service asks for its own.
#[derive(Debug, Default)]
pub(super) struct EndpointIndex<'a>(IndexMap<&'a str, Vec<&'a ServiceEndpoint>>);

impl<'a> EndpointIndex<'a> {
    /// Those of an application.
    pub(super) fn new(app: &'a Application) -> Self {
        let mut index: IndexMap<&'a str, Vec<&'a ServiceEndpoint>> = IndexMap::new();
        for endpoint in &app.endpoints {
            index.entry(&endpoint.service).or_default().push(endpoint);
        }
        EndpointIndex(index)
    }

    /// Those of a service.
    pub(super) fn of(&self, service: &str) -> &[&'a ServiceEndpoint] {
        self.0.get(service).map_or(&[], Vec::as_slice)
    }
}
