//! ODBC handles that are freed when dropped, and calls that return errors with all diagnostics.

mod columns;

#[cfg(not(windows))]
use std::ffi::CStr;
use std::{borrow::Cow, mem::ManuallyDrop, ptr::null_mut, sync::Arc};

use odbc_api::{
    handles::{AnyHandle, Diagnostics, Record, SqlResult, SqlText, Statement, StatementImpl},
    handles::{Connection as RawConnection, OutputStringBuffer, SqlChar, slice_to_cow_utf8},
    sys::{
        self, CompletionType, ConnectionAttribute, DriverConnectOption, FreeStmtOption, HStmt,
        HandleType, InfoType, SQLDisconnect, SQLEndTran, SQLFreeHandle, SQLFreeStmt,
        SQLGetConnectAttr, SqlReturn, StatementAttribute,
    },
};

use crate::{
    cancel::{Control, Phase},
    dbms::Dbms,
    error::{Diagnostic, Error, Result},
};

/// More records than any driver gives; a driver that never ends must not hang us.
const RECORDS_MAX: i16 = 100;

/// The units that a completed connection string may have; longer ones are cut.
const COMPLETED_LENGTH_MAX: usize = 4096;

/// What an ODBC function answered, other than an error.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Outcome {
    Success,
    /// SQL_SUCCESS_WITH_INFO, with what the driver has to say.
    Warnings(Vec<Diagnostic>),
    NoData,
}

impl Outcome {
    pub fn into_warnings(self) -> Vec<Diagnostic> {
        match self {
            Self::Warnings(warnings) => warnings,
            Self::Success | Self::NoData => Vec::new(),
        }
    }
}

/// What a failing call is part of: the operation a user asked for, and on which database.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Context {
    pub operation: &'static str,
    pub dbms: &'static Dbms,
}

fn records(handle: &impl Diagnostics) -> Vec<Diagnostic> {
    let mut record = Record::with_capacity(512);
    let mut records = Vec::new();
    while records.len() < RECORDS_MAX as usize && record.fill_from(handle, records.len() as i16 + 1)
    {
        records.push(Diagnostic {
            sqlstate: record.state.as_str().to_owned(),
            native_code: record.native_error,
            message: slice_to_cow_utf8(&record.message).trim().to_owned(),
        });
    }
    records
}

fn failure(handle: &impl Diagnostics, context: Context) -> Error {
    let records = records(handle);
    Error::from_records(context.dbms.kind(&records), context.operation, records)
}

fn check_return(
    returned: SqlReturn,
    handle: &impl Diagnostics,
    context: Context,
) -> Result<Outcome> {
    match returned {
        SqlReturn::SUCCESS => Ok(Outcome::Success),
        SqlReturn::SUCCESS_WITH_INFO => Ok(Outcome::Warnings(records(handle))),
        SqlReturn::NO_DATA => Ok(Outcome::NoData),
        _ => Err(failure(handle, context)),
    }
}

fn check<T>(
    result: SqlResult<T>,
    handle: &impl Diagnostics,
    context: Context,
) -> Result<(Option<T>, Outcome)> {
    match result {
        SqlResult::Success(value) => Ok((Some(value), Outcome::Success)),
        SqlResult::SuccessWithInfo(value) => Ok((Some(value), Outcome::Warnings(records(handle)))),
        SqlResult::NoData => Ok((None, Outcome::NoData)),
        _ => Err(failure(handle, context)),
    }
}

/// A connected connection handle.
pub(crate) struct ConnectionHandle {
    raw: ManuallyDrop<RawConnection<'static>>,
    connected: bool,
    control: Arc<Control>,
}

impl ConnectionHandle {
    pub fn connect(connection_string: &str, login_timeout_s: u32) -> Result<Self> {
        Self::connect_completing(connection_string, login_timeout_s).map(|(handle, _)| handle)
    }

    /// The same, with the connection string as the driver completes it: with what a DSN and its
    /// own defaults add.
    pub fn connect_completing(
        connection_string: &str,
        login_timeout_s: u32,
    ) -> Result<(Self, String)> {
        let context = Context { operation: "connect", dbms: Dbms::unknown() };
        let environment = crate::environment::environment()?;
        let (raw, _) = check(environment.allocate_connection(), environment, context)?;
        let raw = raw.expect("a successful allocation gives a handle");
        let (raw, control) = (ManuallyDrop::new(raw), Arc::default());
        let mut handle = Self { raw, connected: false, control };
        // A driver that has no login timeout refuses it; the engine's own deadline holds anyway.
        let _ = handle.raw.set_login_timeout_sec(login_timeout_s);
        // MariaDB Connector/ODBC 3.1.15 reads on to a NUL, whatever length it is given.
        let terminated = format!("{connection_string}\0");
        let text = SqlText::new(&terminated[..connection_string.len()]);
        let mut completed = OutputStringBuffer::with_buffer_size(COMPLETED_LENGTH_MAX);
        // SAFETY: There is no window, and none is asked for.
        let connected = unsafe {
            let option = DriverConnectOption::NoPrompt;
            handle.raw.driver_connect(&text, null_mut(), &mut completed, option)
        };
        check(connected, &*handle.raw, context)?;
        handle.connected = true;
        // SAFETY: The buffer has this length, and ends behind a NUL.
        let completed =
            unsafe { std::slice::from_raw_parts(completed.mut_buf_ptr(), COMPLETED_LENGTH_MAX) };
        Ok((handle, text_of(completed).into_owned()))
    }

    /// What runs on this connection, and can be stopped.
    pub fn control(&self) -> &Arc<Control> {
        &self.control
    }

    /// A text of SQLGetInfo, or None where the driver does not tell.
    pub fn info_text(&self, info: InfoType) -> Option<String> {
        let mut buffer = [0 as SqlChar; 512];
        let bytes = i16::try_from(size_of_val(&buffer)).expect("the buffer is short");
        let mut length = 0i16;
        // SAFETY: The handle is connected, and the buffer is as long as said.
        let returned = unsafe {
            get_info(self.raw.as_sys(), info, buffer.as_mut_ptr().cast(), bytes, &mut length)
        };
        let succeeded = matches!(returned, SqlReturn::SUCCESS | SqlReturn::SUCCESS_WITH_INFO);
        succeeded.then(|| text_of(&buffer).into_owned())
    }

    /// A 16-bit number of SQLGetInfo, or None where the driver does not tell.
    pub fn info_number(&self, info: InfoType) -> Option<u16> {
        let mut number = 0u16;
        // SAFETY: The handle is connected, and the place is as long as said.
        let returned =
            unsafe { get_info(self.raw.as_sys(), info, (&raw mut number).cast(), 2, null_mut()) };
        let succeeded = matches!(returned, SqlReturn::SUCCESS | SqlReturn::SUCCESS_WITH_INFO);
        succeeded.then_some(number)
    }

    pub fn set_autocommit(&self, on: bool, context: Context) -> Result<Outcome> {
        Ok(check(self.raw.set_autocommit(on), &*self.raw, context)?.1)
    }

    pub fn end_transaction(&self, commit: bool, context: Context) -> Result<Outcome> {
        let completion = if commit { CompletionType::Commit } else { CompletionType::Rollback };
        let end = || {
            // SAFETY: The handle is a valid connection handle.
            unsafe { SQLEndTran(HandleType::Dbc, self.raw.as_handle(), completion) }
        };
        // A rollback puts things in order, and is never refused.
        let returned = match commit {
            true => self.control.call(Phase::Other, HStmt(null_mut()), context.operation, end)?.0,
            false => end(),
        };
        check_return(returned, &*self.raw, context)
    }

    /// Whether the driver knows that the connection is lost.
    pub fn is_dead(&self) -> bool {
        let mut dead = 0u32;
        // SAFETY: The attribute is a 32-bit integer, written to a place of that size.
        let returned = unsafe {
            SQLGetConnectAttr(
                self.raw.as_sys(),
                ConnectionAttribute::CONNECTION_DEAD,
                (&raw mut dead).cast(),
                0,
                null_mut(),
            )
        };
        returned == SqlReturn::SUCCESS && dead == 1
    }

    pub fn allocate_statement(&self, context: Context) -> Result<StatementHandle> {
        let (statement, _) = check(self.raw.allocate_statement(), &*self.raw, context)?;
        let raw = statement.expect("a successful allocation gives a handle").into_sys();
        // SAFETY: The handle was just allocated. The session frees it before its connection.
        let raw = unsafe { StatementImpl::new(raw) };
        let (raw, control) = (ManuallyDrop::new(raw), Arc::clone(&self.control));
        Ok(StatementHandle { raw, control, cancelled: false })
    }

    pub fn disconnect(&mut self, context: Context) -> Result<()> {
        if self.connected {
            check(self.raw.disconnect(), &*self.raw, context)?;
            self.connected = false;
        }
        Ok(())
    }
}

impl Drop for ConnectionHandle {
    fn drop(&mut self) {
        if self.control.is_stuck() {
            return;
        }
        // SAFETY: The handle is valid and used nowhere else. odbc-api's own drop panics where
        // freeing fails, such as on a connection that does not end; leaking it is the better end.
        unsafe {
            if self.connected {
                let _ = SQLDisconnect(self.raw.as_sys());
            }
            let _ = SQLFreeHandle(HandleType::Dbc, self.raw.as_handle());
        }
    }
}

// The entry points follow odbc-api's choice of character: the two are never mixed.
#[cfg(not(windows))]
use sys::SQLGetInfo as get_info;
#[cfg(windows)]
use sys::SQLGetInfoW as get_info;

/// The text in a buffer, up to its terminator.
fn text_of(buffer: &[SqlChar]) -> Cow<'_, str> {
    slice_to_cow_utf8(&buffer[..end_of(buffer)])
}

#[cfg(not(windows))]
fn end_of(buffer: &[SqlChar]) -> usize {
    CStr::from_bytes_until_nul(buffer).map_or(buffer.len(), CStr::count_bytes)
}

#[cfg(windows)]
fn end_of(buffer: &[SqlChar]) -> usize {
    buffer.iter().position(|unit| *unit == 0).unwrap_or(buffer.len())
}

/// An allocated statement handle.
pub(crate) struct StatementHandle {
    raw: ManuallyDrop<StatementImpl<'static>>,
    control: Arc<Control>,
    /// Whether SQLCancel was called during the last call.
    cancelled: bool,
}

impl StatementHandle {
    pub fn as_sys(&self) -> HStmt {
        self.raw.as_sys()
    }

    pub fn check(&self, returned: SqlReturn, context: Context) -> Result<Outcome> {
        check_return(returned, &*self.raw, context)
    }

    /// Makes a call of the driver that others may stop.
    fn call<T>(
        &mut self,
        phase: Phase,
        context: Context,
        work: impl FnOnce(&mut StatementImpl<'static>) -> T,
    ) -> Result<T> {
        let statement = self.as_sys();
        let call = || work(&mut self.raw);
        let (returned, cancelled) = self.control.call(phase, statement, context.operation, call)?;
        self.cancelled = cancelled;
        Ok(returned)
    }

    /// Whether SQLCancel was called during the last call, after which nothing more is to be asked
    /// of the statement, even where it succeeded.
    pub fn was_cancelled(&self) -> bool {
        self.cancelled
    }

    pub fn prepare(&mut self, sql: &str, context: Context) -> Result<Outcome> {
        let text = SqlText::new(sql);
        let result = self.call(Phase::Execute, context, |raw| raw.prepare(&text))?;
        Ok(check(result, &*self.raw, context)?.1)
    }

    /// Runs a statement without parameters.
    pub fn execute_direct(&mut self, sql: &str, context: Context) -> Result<Outcome> {
        let text = SqlText::new(sql);
        // SAFETY: No parameter is bound to this handle.
        let result = self.call(Phase::Execute, context, |raw| unsafe { raw.exec_direct(&text) })?;
        Ok(check(result, &*self.raw, context)?.1)
    }

    /// # Safety
    ///
    /// What is bound as parameters must be alive, and stay so while the result is read.
    pub unsafe fn execute(&mut self, context: Context) -> Result<Outcome> {
        // SAFETY: As the caller promises.
        let result = self.call(Phase::Execute, context, |raw| unsafe { raw.execute() })?;
        Ok(check(result, &*self.raw, context)?.1)
    }

    pub fn parameter_count(&mut self, context: Context) -> Result<usize> {
        let result = self.raw.num_params();
        Ok(check(result, &*self.raw, context)?.0.unwrap_or_default().into())
    }

    pub fn column_count(&mut self, context: Context) -> Result<usize> {
        let result = self.raw.num_result_cols();
        let (count, _) = check(result, &*self.raw, context)?;
        Ok(usize::try_from(count.unwrap_or_default()).unwrap_or_default())
    }

    /// The affected rows, or None where the driver does not say.
    pub fn row_count(&mut self) -> Option<u64> {
        let mut rows = -1isize;
        // SAFETY: The handle is valid; some drivers leave `rows` untouched.
        let returned = unsafe { sys::SQLRowCount(self.as_sys(), &mut rows) };
        let succeeded = matches!(returned, SqlReturn::SUCCESS | SqlReturn::SUCCESS_WITH_INFO);
        if succeeded { u64::try_from(rows).ok() } else { None }
    }

    /// Goes on to the next result, if there is one.
    pub fn more_results(&mut self, context: Context) -> Result<Outcome> {
        // SAFETY: No output parameter is bound, and no column.
        let result = self.call(Phase::Execute, context, |raw| unsafe { raw.more_results() })?;
        Ok(check(result, &*self.raw, context)?.1)
    }

    /// Forgets the columns' buffers, and where the driver tells of the rows it fetched.
    pub fn unbind_columns(&mut self) {
        // SAFETY: The handle is valid; NULL is allowed for both attributes.
        unsafe {
            let _ = SQLFreeStmt(self.as_sys(), FreeStmtOption::Unbind);
            for attribute in [StatementAttribute::RowStatusPtr, StatementAttribute::RowsFetchedPtr]
            {
                let _ = sys::SQLSetStmtAttr(self.as_sys(), attribute, null_mut(), 0);
            }
        }
    }

    /// Closes the cursor with all its results.
    pub fn close(&mut self) {
        // SAFETY: The handle is valid; the option frees nothing of ours.
        let _ = unsafe { SQLFreeStmt(self.as_sys(), FreeStmtOption::Close) };
    }

    /// Forgets the parameters.
    pub fn reset_parameters(&mut self) {
        // SAFETY: As above.
        let _ = unsafe { SQLFreeStmt(self.as_sys(), FreeStmtOption::ResetParams) };
    }

    /// # Safety
    ///
    /// `value` must be what `attribute` expects, and where it is an address, live as long as the
    /// statement may write there.
    pub unsafe fn set_attribute(
        &self,
        attribute: StatementAttribute,
        value: sys::Pointer,
        context: Context,
    ) -> Result<()> {
        // SAFETY: As the caller promises.
        let returned = unsafe { sys::SQLSetStmtAttr(self.as_sys(), attribute, value, 0) };
        self.check(returned, context).map(drop)
    }

    /// Asks the catalog, or fetches rows, by a function of the driver manager.
    pub fn call_raw(
        &self,
        phase: Phase,
        context: Context,
        work: impl FnOnce() -> SqlReturn,
    ) -> Result<SqlReturn> {
        Ok(self.control.call(phase, self.as_sys(), context.operation, work)?.0)
    }

    /// What the driver calls the cursor of the present result.
    pub fn cursor_name(&self) -> Option<String> {
        let mut units = [0; 128];
        let mut length = 0;
        // SAFETY: The handle is valid, and the name has the room that is told.
        let returned = unsafe {
            sys::SQLGetCursorNameW(
                self.as_sys(),
                units.as_mut_ptr(),
                units.len() as i16,
                &mut length,
            )
        };
        let name = units.get(..usize::try_from(length).ok()?)?;
        (returned == SqlReturn::SUCCESS).then(|| String::from_utf16_lossy(name))
    }

    /// Frees the handle; what a driver cannot free, it keeps.
    pub fn free(mut self, context: Context) -> Result<()> {
        let freed = self.release();
        let told = self.check(freed, context).map(drop);
        let mut statement = ManuallyDrop::new(self);
        // SAFETY: The handle is gone, and this alone is left of the statement.
        unsafe { std::ptr::drop_in_place(&raw mut statement.control) };
        told
    }

    fn release(&mut self) -> SqlReturn {
        // A request to stop that did not come back still uses the handle: it is left to it.
        if self.control.is_stuck() {
            return SqlReturn::SUCCESS;
        }
        // SAFETY: The handle is valid, and not used again.
        unsafe { SQLFreeHandle(HandleType::Stmt, self.raw.as_handle()) }
    }
}

impl Drop for StatementHandle {
    fn drop(&mut self) {
        // A driver that fails to free it leaks it; odbc-api's own drop would panic.
        let _ = self.release();
    }
}
