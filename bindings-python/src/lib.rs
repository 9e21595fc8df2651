//! The native half of the Python package `keylatch`: it converts types, maps errors and manages lifetimes, no more.

#![deny(unsafe_code)]

mod arguments;
mod async_client;
mod beside;
mod buffer;
mod client;
mod error;
mod inbox;
mod log;
mod news;
mod options;
mod params;
mod runtime;
mod secret;
mod settle;
mod stream;
mod waiting;

use pyo3::prelude::*;

// Whatever a library copied on its way is blank before the block is used again.
#[cfg(not(feature = "system-allocator"))]
#[global_allocator]
static ALLOCATOR: zeroizing_alloc::ZeroAlloc<std::alloc::System> = zeroizing_alloc::ZeroAlloc(std::alloc::System);

/// What `keylatch/*.py` builds on; not for use by applications.
#[pymodule]
mod _native {
    use pyo3::prelude::*;
    use pyo3::types::PyTuple;

    #[pymodule_export]
    use crate::arguments::plain_json;
    #[pymodule_export]
    use crate::async_client::AsyncClient;
    #[pymodule_export]
    use crate::client::{Client, diagnose};
    #[pymodule_export]
    use crate::log::set_log;
    #[pymodule_export]
    use crate::news::News;
    #[pymodule_export]
    use crate::options::Options;
    #[pymodule_export]
    use crate::secret::Secret;
    #[pymodule_export]
    use crate::stream::{AsyncStream, AsyncUpload, Stream};

    #[pymodule_init]
    fn init(module: &Bound<'_, PyModule>) -> PyResult<()> {
        // Called in the reverse order: whatever a program has to do with us when it ends, it does before.
        let end = wrap_pyfunction!(crate::runtime::end, module)?;
        module.py().import("atexit")?.call_method1("register", (end,))?;
        module.add("VERSION", keylatch::VERSION)?;
        let codes = keylatch::ErrorKind::ALL.iter().map(|kind| kind.code());
        module.add("ERROR_CODES", PyTuple::new(module.py(), codes)?)?;
        let verdicts = keylatch::Verdict::ALL.iter().map(|verdict| verdict.as_str());
        module.add("VERDICTS", PyTuple::new(module.py(), verdicts)?)?;
        let permissions = keylatch::Permission::ALL.iter().map(|permission| permission.as_str());
        module.add("PERMISSIONS", PyTuple::new(module.py(), permissions)?)
    }
}
