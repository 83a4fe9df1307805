//! The SQL text of a call.

use super::signature::{Direction, Parameter, Signature};
use crate::dbms::Procedures;

/// The text that calls a procedure, with a marker for each parameter.
pub(super) fn call(procedures: Procedures, name: &str, signature: &Signature) -> String {
    match procedures {
        Procedures::Call { function, .. } => {
            let verb = if signature.is_function { function } else { "CALL" };
            let places = 0..signature.parameters.len();
            let passed = places.filter(|place| signature.is_passed(*place));
            let markers = passed.map(|_| "?").collect::<Vec<_>>().join(", ");
            format!("{verb} {name}({markers})")
        }
        Procedures::TransactSql => transact_sql(name, signature),
        Procedures::Unsupported => unreachable!("it was refused before"),
    }
}

/// A batch whose last result is one row of what the procedure gave, its return value first.
fn transact_sql(name: &str, signature: &Signature) -> String {
    let mut declared = vec!["@return_value int".to_owned()];
    let mut passed = Vec::new();
    let mut selected = vec!["@return_value AS return_value".to_owned()];
    for (index, parameter) in signature.parameters.iter().enumerate() {
        let variable = format!("@p{}", index + 1);
        declared.push(format!("{variable} {} = ?", type_of(parameter)));
        if parameter.direction == Direction::Input {
            passed.push(variable);
        } else {
            let column = parameter.name.trim_start_matches('@').replace(']', "]]");
            selected.push(format!("{variable} AS [{column}]"));
            passed.push(format!("{variable} OUTPUT"));
        }
    }
    format!(
        "DECLARE {}; EXEC @return_value = {name} {}; SELECT {}",
        declared.join(", "),
        passed.join(", "),
        selected.join(", ")
    )
}

/// A parameter's type as it is declared.
fn type_of(parameter: &Parameter) -> String {
    let Parameter { type_name, size, digits, .. } = parameter;
    let size = size.unwrap_or_default();
    match type_name.to_ascii_lowercase().as_str() {
        // A procedure that the catalog does not know; the server will say so.
        "" => "sql_variant".to_owned(),
        "char" | "nchar" | "binary" => format!("{type_name}({size})"),
        "varchar" | "nvarchar" | "varbinary" if (1..=8000).contains(&size) => {
            format!("{type_name}({size})")
        }
        "varchar" | "nvarchar" | "varbinary" => format!("{type_name}(max)"),
        "decimal" | "numeric" => format!("{type_name}({size}, {})", digits.unwrap_or_default()),
        "datetime2" | "time" | "datetimeoffset" => {
            format!("{type_name}({})", digits.unwrap_or(7))
        }
        _ => type_name.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parameter(name: &str, direction: Direction, type_name: &str, size: i64) -> Parameter {
        let (name, type_name) = (name.to_owned(), type_name.to_owned());
        Parameter { name, direction, type_name, size: Some(size), digits: Some(2) }
    }

    #[test]
    fn transact_sql_selects_what_the_procedure_gave() {
        let parameters = vec![
            parameter("@a", Direction::Input, "int", 10),
            parameter("@b", Direction::InputOutput, "nvarchar", 20),
            parameter("@c", Direction::Output, "decimal", 10),
        ];
        let signature = Signature { parameters, is_function: false };
        assert_eq!(
            call(Procedures::TransactSql, "dbo.pay", &signature),
            "DECLARE @return_value int, @p1 int = ?, @p2 nvarchar(20) = ?, @p3 decimal(10, 2) = ?; \
             EXEC @return_value = dbo.pay @p1, @p2 OUTPUT, @p3 OUTPUT; \
             SELECT @return_value AS return_value, @p2 AS [b], @p3 AS [c]"
        );
    }
}
