//! The options that requests for rows and those for images share.

/// Writes the constructor and the shared options of a request builder with the fields `caller`, `request`, `refused`
/// and `timeout`.
macro_rules! stream_options {
    ($request:ident) => {
        pub(crate) fn new(caller: Arc<Caller>, model: &str) -> Self {
            let (model, refused) = match resource_name(model) {
                Ok(model) => (model, None),
                Err(error) => (String::new(), Some(error)),
            };
            let request = $request {
                model,
                ..$request::default()
            };
            Self {
                caller,
                request,
                refused,
                timeout: None,
            }
        }

        /// How many samples, from 0 up to the server's limit. Default: the stream continues until it is dropped.
        pub fn count(mut self, count: i64) -> Self {
            self.request.count = Some(count);
            self
        }

        /// The seed, from 0 to 2^63 - 1. Default: the server draws one, and the stream's `info()` has it.
        pub fn seed(mut self, seed: i64) -> Self {
            self.request.seed = Some(seed);
            self
        }

        /// The index of the first sample, from 0 to 2^63 - 1. A large one costs no more than a small one. Default: 0.
        pub fn offset(mut self, offset: i64) -> Self {
            self.request.offset = offset;
            self
        }

        /// Adds a condition on the column `name`: a value, one of several, a range, or missing; see
        /// [`Condition`](crate::Condition). All samples satisfy the conditions of all names; a second call for a name
        /// replaces the first. `Model.conditions` lists those that the model accepts. Default: no conditions.
        pub fn condition(mut self, name: impl Into<String>, condition: impl Into<Condition>) -> Self {
            let name = name.into();
            self.request
                .conditions
                .retain(|condition| condition.column != name);
            match condition.into().on(name) {
                Ok(condition) => self.request.conditions.push(condition),
                Err(error) => drop(self.refused.get_or_insert(error)),
            }
            self
        }

        /// A deadline for the whole stream with all retries, from when it is first polled. Default: none.
        pub fn timeout(mut self, timeout: Duration) -> Self {
            self.timeout = Some(timeout);
            self
        }
    };
}

pub(crate) use stream_options;
