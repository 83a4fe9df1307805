//! How the rows of one bulk insert are sent.

use super::{
    BulkOptions, BulkStrategy, OPERATION,
    cells::cells,
    chunk::{Cells, Chunk},
    literals::literal,
    source::{Piece, PieceLimits},
    target::Target,
    unnest,
};
use crate::{
    connection::Session,
    dbms::{self, Dbms, Exchange},
    error::{Error, ErrorKind, Result},
    parameters::encode::is_uuid,
};

/// The bytes that are sent at once, unless a single row has more.
const CHUNK_BYTES: usize = 4 << 20;

/// The rows that are handed over at once where a statement takes fewer.
const HANDED_ROWS: usize = 8192;

#[derive(Debug, Clone)]
pub(super) struct Plan {
    pub kind: PlanKind,
    pub target: std::sync::Arc<Target>,
    pub dbms: &'static Dbms,
    limits: PieceLimits,
    /// The most bytes of a statement with its values.
    packet: Option<usize>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum PlanKind {
    Array,
    /// INSERT of this many rows.
    Values(usize),
    Unnest {
        sql: String,
    },
}

impl Plan {
    /// Asks the database what is to be known of the table.
    pub fn new(session: &mut Session, target: Target, options: &BulkOptions) -> Result<Self> {
        let dbms = session.dbms;
        let kind = kind(session, &target, options)?;
        let packet = match dbms.bulk.packet_query {
            Some(query) => session.ask(OPERATION, query)?.parse::<usize>().ok(),
            None => None,
        };
        let rows = match &kind {
            PlanKind::Array => dbms.bulk.array_rows,
            PlanKind::Values(rows) => (HANDED_ROWS / rows).max(1) * rows,
            PlanKind::Unnest { .. } => dbms.bulk.unnest_rows,
        };
        let limits = PieceLimits {
            rows: options.chunk_rows.unwrap_or(rows),
            bytes: packet.map_or(CHUNK_BYTES, |packet| CHUNK_BYTES.min(packet / 2)),
            by_longest: !matches!(kind, PlanKind::Unnest { .. }),
            boundary: options.commit_every_rows,
        };
        Ok(Self { kind, target: std::sync::Arc::new(target), dbms, limits, packet })
    }

    /// What the strategy is called.
    pub fn strategy(&self) -> &'static str {
        match self.kind {
            PlanKind::Array => "array",
            PlanKind::Values(1) => "row",
            PlanKind::Values(_) => "multi_row",
            PlanKind::Unnest { .. } => "unnest",
        }
    }

    /// Fails where the table is not there, or one of the columns, which inserting rows tells by
    /// itself, and without the right to read them.
    pub fn probe(&self, session: &mut Session) -> Result<()> {
        // SQLite takes a quoted name that is no column's for a string, unless its table is named.
        let columns: Vec<_> =
            self.target.quoted().iter().map(|column| format!("probed.{column}")).collect();
        let (columns, table) = (columns.join(", "), &self.target.table);
        let sql = format!("SELECT {columns} FROM {table} probed WHERE 1 = 0");
        session.run(OPERATION, &sql).map(drop)
    }

    pub fn limits(&self) -> PieceLimits {
        self.limits
    }

    /// Encodes rows for the driver. It needs no connection.
    pub fn encode(&self, piece: &Piece) -> Result<Chunk> {
        let encode = match self.kind {
            PlanKind::Unnest { .. } => literal,
            _ => cells,
        };
        let fields = self.target.schema.fields().iter().zip(piece.batch.columns());
        let columns = fields.map(|(field, array)| {
            encode(field, array, self.dbms).map_err(|(row, refusal)| {
                Error::new(refusal.kind, OPERATION, refusal.message)
                    .in_column(field.name())
                    .in_row(piece.first_row + row as u64)
            })
        });
        let columns = columns.collect::<Result<Vec<Cells>>>()?;
        let chunk = Chunk { first_row: piece.first_row, rows: piece.batch.num_rows(), columns };
        match self.packet {
            // Only a single row can be that long.
            Some(packet) if chunk.bytes() + self.target.head().len() + 4096 > packet => {
                let message = format!(
                    "a row of {} bytes does not fit the {packet} bytes of a packet of {}",
                    chunk.bytes(),
                    self.dbms.id
                );
                Err(Error::new(ErrorKind::Limit, OPERATION, message).in_row(chunk.first_row))
            }
            _ => Ok(chunk),
        }
    }
}

fn kind(session: &mut Session, target: &Target, options: &BulkOptions) -> Result<PlanKind> {
    let dbms = session.dbms;
    let values = |rows: usize| {
        let rows = rows.min(options.chunk_rows.unwrap_or(rows));
        PlanKind::Values(rows.min(dbms.parameters_max / target.columns.len()).max(1))
    };
    let asked = match options.strategy {
        BulkStrategy::Auto => None,
        BulkStrategy::Array => Some(dbms::BulkStrategy::Array),
        BulkStrategy::MultiRow => Some(dbms::BulkStrategy::MultiRow),
        BulkStrategy::Unnest => Some(dbms::BulkStrategy::Unnest),
        BulkStrategy::Row => Some(dbms::BulkStrategy::Row),
    };
    let candidates = asked.as_ref().map_or(dbms.bulk.strategies, std::slice::from_ref);
    for candidate in candidates {
        match candidate {
            dbms::BulkStrategy::Array if !dbms.bulk.binary_arrays && has_bytes(target, dbms) => {}
            dbms::BulkStrategy::Array => return Ok(PlanKind::Array),
            dbms::BulkStrategy::MultiRow => return Ok(values(dbms.bulk.values_rows)),
            dbms::BulkStrategy::Row => return Ok(PlanKind::Values(1)),
            // SQL that only one database knows.
            dbms::BulkStrategy::Unnest if dbms.bulk.unnest_rows == 0 => {}
            dbms::BulkStrategy::Unnest => {
                if let Some(sql) = unnest::sql(session, target)? {
                    return Ok(PlanKind::Unnest { sql });
                }
            }
        }
    }
    let message = format!("the strategy does not fit {} and these columns: leave it out", dbms.id);
    Err(Error::new(ErrorKind::Unsupported, OPERATION, message))
}

fn has_bytes(target: &Target, dbms: &Dbms) -> bool {
    target.schema.fields().iter().any(|field| {
        let is_text = is_uuid(field) && dbms.uuid_parameters == Exchange::Text;
        field.data_type().is_binary() && !is_text
    })
}
