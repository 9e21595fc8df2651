//! The pages of an app's list, one after the other.

use crate::calls::{Request, Response};
use crate::client::{AsyncClient, AsyncEntity, Client, Entity};
use crate::error::Result;
use crate::io::run_now;
use crate::memory::{self, Bleached};
use crate::pages::Paging;

/// The pages of an app's list, each asked for when it is wanted. After an error there are no more.
///
/// ```no_run
/// # fn main() -> keylatch::Result<()> {
/// # let client = keylatch::Client::open(keylatch::Options::default())?;
/// use keylatch::{Paging, Request};
///
/// let ask = Request { app: Some("stripe".into()), method: "GET".into(), path: "/v1/customers".into(), ..Request::default() };
/// for page in client.entity("user-1").request_pages(ask, Paging::default()) {
///     println!("{}", page?.json()?);
/// }
/// # Ok(())
/// # }
/// ```
pub struct Pages {
    client: Client,
    list: List,
}

/// As [`Pages`], on an [`AsyncClient`].
pub struct AsyncPages {
    client: AsyncClient,
    list: List,
}

/// What is asked for, and how far it has come.
struct List {
    ask: Request,
    paging: Paging,
    cursor: Option<String>,
    over: bool,
}

impl List {
    fn new(ask: Request, paging: Paging) -> Self {
        Self { ask, paging, cursor: None, over: false }
    }

    fn note(&mut self, page: Result<(Response, Option<String>)>) -> Result<Response> {
        self.over = true;
        let (response, next) = page?;
        self.over = next.is_none();
        self.cursor = next;
        Ok(response)
    }
}

impl Iterator for Pages {
    type Item = Result<Response>;

    fn next(&mut self) -> Option<Self::Item> {
        let List { ask, paging, cursor, over } = &self.list;
        if *over {
            return None;
        }
        let ask = self.client.0.request_page(ask.clone(), paging.clone(), cursor.as_deref());
        let page = memory::bleached(|| run_now(ask));
        self.client.0.tell();
        Some(self.list.note(page))
    }
}

impl AsyncPages {
    /// The next page; `None` after the last one.
    pub async fn next(&mut self) -> Option<Result<Response>> {
        let List { ask, paging, cursor, over } = &self.list;
        if *over {
            return None;
        }
        let ask = self.client.0.request_page(ask.clone(), paging.clone(), cursor.as_deref());
        let page = Bleached::new(ask).await;
        self.client.0.tell();
        Some(self.list.note(page))
    }
}

/// The calls, on clients and entities of both kinds.
macro_rules! request_pages {
    ($($client:ident, $entity:ident -> $pages:ident)*) => {
        $(impl $client {
            /// The pages of an app's list, each as by `request`, asked for when it is wanted.
            #[must_use]
            pub fn request_pages(&self, ask: Request, paging: Paging) -> $pages {
                $pages { client: self.clone(), list: List::new(ask, paging) }
            }
        }

        impl $entity {
            /// As the client's `request_pages`, over a connection of this user.
            #[must_use]
            pub fn request_pages(&self, ask: Request, paging: Paging) -> $pages {
                self.client.request_pages(Request { entity_id: Some(self.id.clone()), ..ask }, paging)
            }
        })*
    };
}

request_pages! {
    Client, Entity -> Pages
    AsyncClient, AsyncEntity -> AsyncPages
}
