//! What a driver says of a result's columns.

use std::ptr::null_mut;

use odbc_api::{
    handles::{SqlChar, SqlResult, Statement},
    sys::{self, Desc, SqlDataType, SqlReturn},
};

use super::{Context, StatementHandle, text_of};
use crate::{error::Result, types::ColumnInfo};

// The entry points follow odbc-api's choice of character: the two are never mixed.
#[cfg(not(windows))]
use sys::{SQLColAttribute as col_attribute, SQLDescribeCol as describe_col};
#[cfg(windows)]
use sys::{SQLColAttributeW as col_attribute, SQLDescribeColW as describe_col};

/// Room for a name of ordinary length, and for the longest that a driver can give.
const ORDINARY: usize = 1024;
const LONGEST: usize = i16::MAX as usize;

impl StatementHandle {
    /// Describes a column, counted from 1.
    pub fn describe_column(&mut self, number: u16, context: Context) -> Result<ColumnInfo> {
        let mut text = vec![0; LONGEST];
        let mut info = self.describe_briefly(number, &mut text, context)?;
        if context.dbms.column_name_is_label {
            self.ask(number, Desc::Label, &mut text);
        }
        info.name = text_of(&text).into_owned();
        self.ask(number, Desc::TypeName, &mut text);
        info.type_name = text_of(&text).into_owned();
        info.unsigned = self.is_unsigned(number);
        Ok(info)
    }

    /// Whether the columns still look as they were described. As this is found out at each
    /// execution, the driver is asked for no more than makes a difference.
    pub fn are_described_by(&mut self, columns: &[ColumnInfo], context: Context) -> bool {
        let mut text = [0; ORDINARY];
        let mut is_same = |(index, info): (usize, &ColumnInfo)| {
            self.is_described_by(index as u16 + 1, info, &mut text, context)
        };
        columns.iter().enumerate().all(&mut is_same)
    }

    fn is_described_by(
        &mut self,
        number: u16,
        info: &ColumnInfo,
        text: &mut [SqlChar],
        context: Context,
    ) -> bool {
        let Ok(now) = self.describe_briefly(number, text, context) else { return false };
        if (now.sql_type, now.column_size, now.decimal_digits, now.nullable)
            != (info.sql_type, info.column_size, info.decimal_digits, info.nullable)
        {
            return false;
        }
        if context.dbms.column_name_is_label {
            self.ask(number, Desc::Label, text);
        }
        if text_of(text) != info.name
            || (info.is_integer() && self.is_unsigned(number) != info.unsigned)
        {
            return false;
        }
        if !context.dbms.may_be_named(SqlDataType(info.sql_type)) {
            return true;
        }
        self.ask(number, Desc::TypeName, text);
        text_of(text) == info.type_name
    }

    /// The table that a column is of; None where it is of none.
    pub fn base_table(&self, number: u16) -> Option<String> {
        let mut text = [0; ORDINARY];
        self.ask(number, Desc::BaseTableName, &mut text);
        Some(text_of(&text).into_owned()).filter(|name| !name.is_empty())
    }

    fn is_unsigned(&mut self, number: u16) -> bool {
        matches!(self.raw.is_unsigned_column(number), SqlResult::Success(true))
    }

    /// What SQLDescribeCol tells; the name is left in `name`.
    fn describe_briefly(
        &self,
        number: u16,
        name: &mut [SqlChar],
        context: Context,
    ) -> Result<ColumnInfo> {
        let units = i16::try_from(name.len()).expect("the buffer is short");
        let mut info = ColumnInfo::default();
        let mut name_length = 0i16;
        let mut sql_type = SqlDataType::UNKNOWN_TYPE;
        let mut nullable = sys::Nullability::UNKNOWN;
        // SAFETY: The handle is valid, and every address is of a place of the type it takes.
        let returned = unsafe {
            describe_col(
                self.as_sys(),
                number,
                name.as_mut_ptr(),
                units,
                &mut name_length,
                &mut sql_type,
                &mut info.column_size,
                &mut info.decimal_digits,
                &mut nullable,
            )
        };
        self.check(returned, context)?;
        info.sql_type = sql_type.0;
        info.nullable = nullable != sys::Nullability::NO_NULLS;
        Ok(info)
    }

    /// Asks for an attribute that is a text; it is empty where the driver has none.
    fn ask(&self, number: u16, attribute: Desc, text: &mut [SqlChar]) {
        // psqlodbc 13.02 succeeds and writes nothing where it has no name for a type.
        text[0] = 0;
        let bytes = i16::try_from(size_of_val(text)).expect("the buffer is short");
        let mut length = 0i16;
        // SAFETY: The handle is valid, and the buffer is as long as said.
        let returned = unsafe {
            col_attribute(
                self.as_sys(),
                number,
                attribute,
                text.as_mut_ptr().cast(),
                bytes,
                &mut length,
                null_mut(),
            )
        };
        if !matches!(returned, SqlReturn::SUCCESS | SqlReturn::SUCCESS_WITH_INFO) {
            text[0] = 0;
        }
    }
}
