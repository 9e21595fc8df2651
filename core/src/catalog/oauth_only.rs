//! Apps that are known, but take no keys: who asks for one is told what to do instead.

use serde_json::Value;

use crate::error::{Error, ErrorKind};

const LIST: &str = include_str!("../../catalog/lists/oauth_only.json");

/// What to do about an app that is connected by OAuth alone; `None` where this app is none of these.
pub(super) fn refusal(slug: &str) -> Option<Error> {
    let list: Value = serde_json::from_str(LIST).ok()?;
    let entry = list.get(slug)?;
    let name = entry["name"].as_str().unwrap_or(slug);
    let instead = entry["instead"].as_str().unwrap_or("use Composio's API, which does OAuth");
    let message = format!("{name} is connected by OAuth only, and Keylatch connects keys: {instead}");
    Some(Error::new(ErrorKind::UnsupportedScheme, message).with_fields(["app"]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_list_names_apps_that_the_catalogue_does_not_have() {
        let list: Value = serde_json::from_str(LIST).unwrap();
        let list = list.as_object().unwrap();
        assert!(list.len() >= 20);
        for (slug, entry) in list {
            assert!(super::super::builtin::app(slug).is_none(), "{slug} takes keys");
            assert!(entry["name"].as_str().is_some_and(|name| !name.is_empty()), "{slug} has no name");
            let keys: Vec<_> = entry.as_object().unwrap().keys().collect();
            assert!(keys.iter().all(|key| ["name", "instead"].contains(&key.as_str())), "{slug} has {keys:?}");
            assert_eq!(refusal(slug).unwrap().kind(), ErrorKind::UnsupportedScheme);
        }
        assert!(refusal("stripe").is_none());
    }
}
