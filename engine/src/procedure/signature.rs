//! A procedure's parameters, as SQLProcedureColumns tells them.

use std::sync::Arc;

use arrow_array::{
    ArrayRef, RecordBatch, StringArray,
    cast::AsArray,
    types::{Int16Type, Int32Type, Int64Type},
};

use super::OPERATION;
use crate::{
    catalog::{self, CatalogFunction, CatalogQuery, text},
    connection::Shared,
    dbms::Procedures,
    error::{Error, ErrorKind, Result},
    identifier::{self, Identifier},
    options::StreamOptions,
    parameters::Parameters,
    statement::Statement,
};

/// Which way a parameter's value goes; COLUMN_TYPE of SQLProcedureColumns.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Direction {
    Input,
    InputOutput,
    /// A column of the rows that a function returns.
    ResultColumn,
    Output,
    ReturnValue,
}

impl Direction {
    fn of(column_type: i16) -> Self {
        match column_type {
            2 => Self::InputOutput,
            3 => Self::ResultColumn,
            4 => Self::Output,
            5 => Self::ReturnValue,
            _ => Self::Input,
        }
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Parameter {
    pub name: String,
    pub direction: Direction,
    pub type_name: String,
    pub size: Option<i64>,
    pub digits: Option<i16>,
}

impl Parameter {
    fn named(name: String, direction: Direction) -> Self {
        Self { name, direction, type_name: String::new(), size: None, digits: None }
    }

    fn is_input(&self) -> bool {
        matches!(self.direction, Direction::Input | Direction::InputOutput)
    }
}

/// What a procedure takes and gives.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Signature {
    pub parameters: Vec<Parameter>,
    pub is_function: bool,
}

impl Signature {
    /// The signature of the one procedure of this name that takes so many parameters. Of a name
    /// that the catalog does not know, all parameters are inputs: the database will refuse it.
    pub fn find(shared: &Arc<Shared>, name: &str, parameters: &Parameters) -> Result<Self> {
        let count = parameters.len();
        let parts = identifier::parse(name, shared.dbms.syntax, OPERATION)?;
        let mut known = match shared.dbms.procedures {
            Procedures::Call { signatures: Some(query), .. } => asked(shared, &parts, query)?,
            _ => candidates(shared, &parts)?,
        };
        if known.is_empty() {
            return Ok(Self::of_inputs(count));
        }
        let counts: Vec<usize> = known.iter().map(|one| one.parameters.len()).collect();
        // What a function gives by its parameters is its result.
        for function in known.iter_mut().filter(|one| one.is_function) {
            if function.inputs().count() == count {
                function.parameters.retain(Parameter::is_input);
            }
        }
        known.retain(|one| one.parameters.len() == count);
        let invalid = |message| Error::new(ErrorKind::InvalidArgument, OPERATION, message);
        match known.as_slice() {
            // The catalog has no rows for a procedure without parameters.
            [] if count == 0 => Ok(Self::of_inputs(0)),
            [] => Err(invalid(format!(
                "{name} takes {} parameters, but {count} were given (a value for each output \
                 parameter too, such as NULL)",
                counts.iter().map(usize::to_string).collect::<Vec<_>>().join(" or ")
            ))),
            [one, others @ ..]
                if others.iter().all(|other| one.is_called_like(other, parameters.is_named())) =>
            {
                Ok(one.clone())
            }
            _ => Err(invalid(format!(
                "there is more than one {name} with {count} parameters: name its schema, or call \
                 it by SQL text"
            ))),
        }
    }

    fn of_inputs(count: usize) -> Self {
        let input = Parameter::named(String::new(), Direction::Input);
        Self { parameters: vec![input; count], is_function: false }
    }

    fn inputs(&self) -> impl Iterator<Item = &Parameter> {
        self.parameters.iter().filter(|one| one.is_input())
    }

    /// Whether a value is passed for the parameter at a place: what a function gives is its result.
    pub fn is_passed(&self, place: usize) -> bool {
        !self.is_function || self.parameters[place].is_input()
    }

    /// Whether a call looks the same, so that the database can choose by the values' types. Names
    /// count where values or outputs have them.
    fn is_called_like(&self, other: &Self, by_name: bool) -> bool {
        let directions = |signature: &Self| -> Vec<Direction> {
            signature.parameters.iter().map(|parameter| parameter.direction).collect()
        };
        let names_count = by_name || self.outputs().next().is_some();
        self.is_function == other.is_function
            && directions(self) == directions(other)
            && (!names_count || self.names() == other.names())
    }

    /// The parameters' names, without the sign that SQL Server puts before them.
    pub fn names(&self) -> Vec<String> {
        let plain = |one: &Parameter| one.name.trim_start_matches('@').to_owned();
        self.parameters.iter().map(plain).collect()
    }

    /// The place, counted from 1, and the name of each parameter that gives a value back.
    pub fn outputs(&self) -> impl Iterator<Item = (usize, &str)> {
        let known = self.parameters.iter().enumerate();
        let gives = known.filter(|(_, one)| one.direction != Direction::Input);
        gives.map(|(index, one)| (index + 1, one.name.trim_start_matches('@')))
    }

    /// Whether a call ends with a row of outputs.
    pub fn has_outputs(&self, procedures: Procedures) -> bool {
        procedures == Procedures::TransactSql
            || (!self.is_function && self.outputs().next().is_some())
    }
}

/// Every procedure of this name, by the database's own query.
fn asked(shared: &Arc<Shared>, parts: &[Identifier], query: &str) -> Result<Vec<Signature>> {
    let (name, qualifiers) = parts.split_last().expect("a name has a part");
    let folded = |one: &Identifier| one.folded(shared.dbms.folding);
    let schema = qualifiers.last().map(folded).unwrap_or_default();
    let values = [schema, folded(name)];
    let statement = Statement::new(shared, query)?;
    let values = values.map(|text| Arc::new(StringArray::from(vec![text])) as ArrayRef);
    statement.execute(&Parameters::from_arrays(values)?)?;
    let stream = statement.stream(&StreamOptions::default())?.owning(statement);
    let mut found: Vec<(i64, Signature)> = Vec::new();
    while let Some(batch) = stream.fetch()? {
        let ids = batch.column(0).as_primitive::<Int64Type>();
        let kinds = batch.column(1).as_primitive::<Int32Type>();
        for row in 0..batch.num_rows() {
            let id = ids.value(row);
            if found.last().is_none_or(|(last, _)| *last != id) {
                let is_function = kinds.value(row) != 0;
                found.push((id, Signature { parameters: Vec::new(), is_function }));
            }
            let direction = match text(&batch, 2, row) {
                // No parameter at all, or a column of the result.
                "" | "t" => continue,
                "o" => Direction::Output,
                "b" => Direction::InputOutput,
                _ => Direction::Input,
            };
            let (_, signature) = found.last_mut().expect("one was begun");
            let name = text(&batch, 3, row).to_owned();
            signature.parameters.push(Parameter::named(name, direction));
        }
    }
    Ok(found.into_iter().map(|(_, signature)| signature).collect())
}

/// Every procedure of this name, by the rows of the catalog.
fn candidates(shared: &Arc<Shared>, parts: &[Identifier]) -> Result<Vec<Signature>> {
    let (name, qualifiers) = parts.split_last().expect("a name has a part");
    let mut query = CatalogQuery::new(CatalogFunction::ProcedureColumns);
    let (dbms, qualifier) = (shared.dbms, qualifiers.last());
    // As patterns these find more than their name, which is compared below.
    query.name = (!name.text.contains('\\')).then(|| name.folded(dbms.folding));
    match dbms.procedures {
        Procedures::Call { catalog_qualifies: true, .. } => {
            query.catalog = qualifier.map(|one| one.folded(dbms.folding));
        }
        _ => query.schema = qualifier.map(|one| one.folded(dbms.folding)),
    }
    let case_counts = !matches!(dbms.procedures, Procedures::Call { case_counts: false, .. });
    let called = Identifier { is_quoted: name.is_quoted && case_counts, ..name.clone() };
    let stream = Statement::of_catalog(shared, &query)?;
    let stream = stream.stream(&StreamOptions::default())?.owning(stream);
    let mut found: Vec<Signature> = Vec::new();
    let mut last: Option<(String, i64)> = None;
    while let Some(batch) = stream.fetch()? {
        for row in 0..batch.num_rows() {
            let qualifier = catalog::qualifier(&batch, row);
            let wanted = qualifiers.last().is_none_or(|wanted| wanted.is_called(qualifier));
            if !wanted || !called.is_called(text(&batch, 2, row)) {
                continue;
            }
            // A position that does not grow begins another procedure.
            let place = format!("{qualifier}.{}", text(&batch, 2, row));
            let position = batch.column(17).as_primitive::<Int64Type>().value(row);
            let goes_on = last.as_ref().is_some_and(|(p, at)| *p == place && *at < position);
            if !goes_on {
                found.push(Signature { parameters: Vec::new(), is_function: false });
            }
            last = Some((place, position));
            let signature = found.last_mut().expect("one was begun");
            let parameter = parameter(&batch, row);
            match parameter.direction {
                Direction::ReturnValue | Direction::ResultColumn => signature.is_function = true,
                _ => signature.parameters.push(parameter),
            }
        }
    }
    Ok(found)
}

fn parameter(batch: &RecordBatch, row: usize) -> Parameter {
    let small = |column: usize| {
        let numbers = batch.column(column).as_primitive::<Int16Type>();
        (!arrow_array::Array::is_null(numbers, row)).then(|| numbers.value(row))
    };
    let sizes = batch.column(7).as_primitive::<Int64Type>();
    Parameter {
        name: text(batch, 3, row).to_owned(),
        direction: Direction::of(small(4).unwrap_or_default()),
        type_name: text(batch, 6, row).to_owned(),
        size: (!arrow_array::Array::is_null(sizes, row)).then(|| sizes.value(row)),
        digits: small(9),
    }
}
