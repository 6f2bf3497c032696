//! Categories that do not fit into the message with the schema, and are sent in parts.

use crate::Error;
use crate::v1::{CategoryPart, Column, ConditionSpec};

/// A column or a condition: an owner of categories.
pub(crate) trait Categorical {
    fn name(&self) -> &str;
    fn categories(&self) -> &[String];
    fn categories_mut(&mut self) -> &mut Vec<String>;

    /// The total number of categories. The server sets it whenever it sends parts.
    fn category_count(&self) -> i32;
}

impl Categorical for Column {
    fn name(&self) -> &str {
        &self.name
    }

    fn categories(&self) -> &[String] {
        &self.categories
    }

    fn categories_mut(&mut self) -> &mut Vec<String> {
        &mut self.categories
    }

    fn category_count(&self) -> i32 {
        self.category_count
    }
}

impl Categorical for ConditionSpec {
    fn name(&self) -> &str {
        &self.column
    }

    fn categories(&self) -> &[String] {
        &self.categories
    }

    fn categories_mut(&mut self) -> &mut Vec<String> {
        &mut self.categories
    }

    fn category_count(&self) -> i32 {
        self.category_count
    }
}

/// Appends categories to their columns or conditions. Fails if an index is unknown or there are too many.
pub(crate) fn append(owners: &mut [impl Categorical], parts: Vec<CategoryPart>) -> Result<(), Error> {
    for part in parts {
        let index = usize::try_from(part.index).ok();
        let Some(owner) = index.and_then(|index| owners.get_mut(index)) else {
            let problem = format_args!("got categories for the index {}, which does not exist", part.index);
            return Err(Error::protocol(problem));
        };
        owner.categories_mut().extend(part.categories);
        if excess(owner) > 0 {
            return Err(miscounted(owner));
        }
    }
    Ok(())
}

/// Refuses columns and conditions with fewer categories than their `category_count`.
pub(crate) fn check_complete(owners: &[impl Categorical]) -> Result<(), Error> {
    for owner in owners {
        if excess(owner) < 0 {
            return Err(miscounted(owner));
        }
    }
    Ok(())
}

/// The number of received categories minus `category_count`; negative where some are missing.
fn excess(owner: &impl Categorical) -> i64 {
    owner.categories().len() as i64 - i64::from(owner.category_count())
}

fn miscounted(owner: &impl Categorical) -> Error {
    let (name, count, got) = (owner.name(), owner.category_count(), owner.categories().len());
    Error::protocol(format_args!("{name:?} has {count} categories, got {got}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn column(categories: &[&str], category_count: i32) -> Column {
        Column {
            name: "city".to_owned(),
            categories: categories.iter().map(|&it| it.to_owned()).collect(),
            category_count,
            ..Column::default()
        }
    }

    fn part(index: i32, categories: &[&str]) -> CategoryPart {
        let categories = categories.iter().map(|&it| it.to_owned()).collect();
        CategoryPart { index, categories }
    }

    #[test]
    fn categories_are_appended_in_order() {
        let mut columns = [column(&["a"], 4), column(&[], 1)];
        append(
            &mut columns,
            vec![part(0, &["b", "c"]), part(1, &["x"]), part(0, &["d"])],
        )
        .unwrap();
        assert_eq!(columns[0].categories, ["a", "b", "c", "d"]);
        assert_eq!(columns[1].categories, ["x"]);
        check_complete(&columns).unwrap();

        let mut conditions = [ConditionSpec {
            category_count: 1,
            ..ConditionSpec::default()
        }];
        append(&mut conditions, vec![part(0, &["a"])]).unwrap();
        check_complete(&conditions).unwrap();
    }

    #[test]
    fn categories_of_nothing_and_too_many_are_refused() {
        for (index, categories, count) in [
            (1, &["b"][..], 2),
            (-1, &["b"], 2),
            (i32::MAX, &["b"], 2),
            (0, &["b", "c"], 2),
            (0, &["b"], -1),
        ] {
            let error = append(&mut [column(&["a"], count)], vec![part(index, categories)]).unwrap_err();
            assert_eq!(error.code(), crate::Code::Internal);
        }
    }

    #[test]
    fn too_few_categories_are_refused() {
        let columns = [column(&["a"], 1), column(&["a"], 2)];
        assert_eq!(check_complete(&columns).unwrap_err().code(), crate::Code::Internal);
        // A server of format 1 does not count them.
        check_complete(&[column(&["a"], 0)]).unwrap();
    }
}
