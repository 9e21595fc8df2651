//! The requests behind a verdict, which two kinds of answers carry.

use keylatch_core::Evidence;

use crate::out::Text;

/// What each request was and what its answer means, as texts to lend.
pub(crate) struct Evidences(Vec<Item>);

struct Item {
    request: Text,
    status: Option<u32>,
    detail: Text,
    verdict: Text,
}

impl Evidences {
    pub(crate) fn new(evidence: &[Evidence]) -> Self {
        let item = |e: &Evidence| Item {
            request: Text::new(&e.request),
            status: e.status.map(u32::from),
            detail: Text::new(e.detail.as_deref().unwrap_or_default()),
            verdict: Text::new(e.verdict.as_str()),
        };
        Self(evidence.iter().map(item).collect())
    }

    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }

    pub(crate) fn request(&self, index: usize) -> Option<&Text> {
        self.0.get(index).map(|item| &item.request)
    }

    pub(crate) fn status(&self, index: usize) -> Option<Option<u32>> {
        self.0.get(index).map(|item| item.status)
    }

    pub(crate) fn detail(&self, index: usize) -> Option<&Text> {
        self.0.get(index).map(|item| &item.detail)
    }

    pub(crate) fn verdict(&self, index: usize) -> Option<&Text> {
        self.0.get(index).map(|item| &item.verdict)
    }
}
