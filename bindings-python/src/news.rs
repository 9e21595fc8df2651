//! Connections that a client found expired, kept until the facade fetches them: Python is called on threads of Python's only.

use std::sync::{Arc, Mutex, PoisonError};

use keylatch::{Expired, OnExpired};
use pyo3::prelude::*;

#[pyclass(frozen, module = "keylatch._native")]
#[derive(Default)]
pub(crate) struct News(Arc<Mutex<Vec<Expired>>>);

impl News {
    pub(crate) fn listener(&self) -> OnExpired {
        let told = self.0.clone();
        OnExpired::new(move |expired| told.lock().unwrap_or_else(PoisonError::into_inner).push(expired))
    }
}

#[pymethods]
impl News {
    #[new]
    fn new() -> Self {
        Self::default()
    }

    /// What came since the last time: connection, entity, app, status before.
    fn take(&self) -> Vec<(String, String, String, String)> {
        let all = std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner));
        all.into_iter().map(|e| (e.connected_account_id, e.entity_id, e.app, e.previous_status.to_string())).collect()
    }
}
