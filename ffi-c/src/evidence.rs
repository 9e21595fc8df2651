//! The requests behind a verdict, which two kinds of answers carry.

use keylatch_core::Evidence;

use crate::out::Text;

/// What each request was and what its answer means, as texts to lend.
pub(crate) struct Evidences(Vec<(Text, Option<u32>, Text)>);

impl Evidences {
    pub(crate) fn new(evidence: &[Evidence]) -> Self {
        let item = |e: &Evidence| (Text::new(&e.request), e.status.map(u32::from), Text::new(e.verdict.as_str()));
        Self(evidence.iter().map(item).collect())
    }

    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }

    pub(crate) fn request(&self, index: usize) -> Option<&Text> {
        self.0.get(index).map(|(request, ..)| request)
    }

    pub(crate) fn status(&self, index: usize) -> Option<Option<u32>> {
        self.0.get(index).map(|(_, status, _)| *status)
    }

    pub(crate) fn verdict(&self, index: usize) -> Option<&Text> {
        self.0.get(index).map(|(.., verdict)| verdict)
    }
}
