//! The schema and the values of every type, pinned by snapshots.

mod support;

use support::{SQLITE, connect, describe, query, run, server};

#[test]
fn sqlite() {
    let connection = connect(SQLITE);
    run(
        &connection,
        "CREATE TABLE every_type (i INTEGER, bi BIGINT, si SMALLINT, ti TINYINT, b BOOLEAN, \
         r REAL, d DOUBLE, f FLOAT, dec DECIMAL(18,4), num NUMERIC, c CHAR(5), v VARCHAR(20), \
         t TEXT, cl CLOB, bl BLOB, vb VARBINARY(10), da DATE, ti6 TIME, ts TIMESTAMP, \
         dt DATETIME, u UUID, j JSON, x)",
    );
    run(
        &connection,
        "INSERT INTO every_type VALUES (9223372036854775807, -9223372036854775808, 70000, 300, 1, \
         0.5, -1e300, 1.5, '12.5', '0.1', 'ab', 'Grüße 😀', '', 'clob', x'00ff', x'', \
         '2024-02-29', '23:59:59.123456', '2024-02-29 23:59:59.123456', '0001-01-01 00:00:00', \
         '123e4567-e89b-12d3-a456-426614174000', '{\"a\": 1}', 'untyped')",
    );
    run(&connection, "INSERT INTO every_type (i) VALUES (NULL)");
    insta::assert_snapshot!(describe(&query(&connection, "SELECT * FROM every_type")));
    insta::assert_snapshot!(
        "sqlite_expressions",
        describe(&query(
            &connection,
            "SELECT 1, 1.5, 'a' AS \"x.y\", x'00ff', NULL, count(*), avg(d), i + 0, 9999999999 \
             FROM every_type"
        ))
    );
}

#[test]
fn postgresql() {
    let Some(connection_string) = server("ODBC_ENGINE_POSTGRESQL") else { return };
    let connection = connect(&connection_string);
    run(&connection, "DROP TABLE IF EXISTS every_type");
    run(
        &connection,
        "CREATE TABLE every_type (b bool, i2 int2, i4 int4, i8 int8, o oid, f4 float4, f8 float8, \
         n38 numeric(38,10), n76 numeric(76,0), n numeric, c char(5), v varchar(20), v0 varchar, \
         t text, bin bytea, d date, tm time, tm3 time(3), tmz timetz, ts timestamp, \
         ts0 timestamp(0), ts3 timestamp(3), tsz timestamptz, u uuid, j json, jb jsonb, a int[], \
         iv interval, m money, x xml, ip inet, bt bit(5), nn int NOT NULL)",
    );
    run(
        &connection,
        "INSERT INTO every_type VALUES (true, -32768, 2147483647, -9223372036854775808, \
         4294967295, 0.1, 0.1::float8 + 0.2::float8, -9999999999999999999999999999.9999999999, \
         9999999999999999999999999999999999999999999999999999999999999999999999999999, 'NaN', \
         'ab', 'Grüße 😀', 'x', '', '\\x00ff', '0001-01-01', '23:59:59.999999', '12:00:00.123', \
         '12:34:56+02', '2024-02-29 23:59:59.123456', '9999-12-31 00:00:00', \
         '1969-12-31 23:59:59.999', '2024-02-29 23:59:59.123456+02', \
         '123e4567-e89b-12d3-a456-426614174000', '{\"a\": 1}', '{\"b\": 2}', '{1,NULL,3}', \
         '1 day 2 hours', 12.34, '<a/>', '10.0.0.1', '10101', 1)",
    );
    run(&connection, "INSERT INTO every_type (nn) VALUES (2)");
    insta::assert_snapshot!(describe(&query(&connection, "SELECT * FROM every_type ORDER BY nn")));
    insta::assert_snapshot!(
        "postgresql_expressions",
        describe(&query(
            &connection,
            "SELECT 1, 1.5, 'a', NULL, count(*), sum(i8), avg(i4), date '0044-03-15 BC', \
             1.0 / 3, 0::numeric(50,2), 'NaN'::float8, '-Infinity'::float8 FROM every_type"
        ))
    );
}

#[test]
fn mariadb() {
    let Some(connection_string) = server("ODBC_ENGINE_MARIADB") else { return };
    let connection = connect(&connection_string);
    run(&connection, "DROP TABLE IF EXISTS every_type");
    run(
        &connection,
        "CREATE TABLE every_type (b boolean, ti tinyint, tu tinyint unsigned, si smallint, \
         su smallint unsigned, mi mediumint, i int, iu int unsigned, bi bigint, \
         bu bigint unsigned, f float, d double, d18 decimal(18,4), d65 decimal(65,30), c char(5), \
         v varchar(20), t text, lt longtext, bin binary(4), vb varbinary(10), bl blob, da date, \
         tm time, tm6 time(6), dt datetime, dt6 datetime(6), ts timestamp(3) NULL, y year, \
         b1 bit(1), b10 bit(10), b64 bit(64), e enum('a','b'), s set('a','b'), u uuid, j json, \
         ip inet6, nn int NOT NULL)",
    );
    run(
        &connection,
        "INSERT INTO every_type VALUES (true, -128, 255, -32768, 65535, -8388608, -2147483648, \
         4294967295, -9223372036854775808, 18446744073709551615, 0.1, 0.1e0 + 0.2e0, \
         -12345678901234.5678, 99999999999999999999999999999999999.999999999999999999999999999999, \
         'ab', 'Grüße 😀', '', 'long', x'00ff', x'', x'00ff', '0001-01-01', '23:59:59', \
         '12:00:00.123456', '9999-12-31 23:59:59', '2024-02-29 23:59:59.123456', \
         '2024-02-29 23:59:59.123', 2024, b'1', b'1000000001', \
         b'1000000000000000000000000000000000000000000000000000000000000001', 'b', 'a,b', \
         '123e4567-e89b-12d3-a456-426614174000', '{\"a\": 1}', '::1', 1)",
    );
    run(&connection, "INSERT INTO every_type (nn) VALUES (2)");
    insta::assert_snapshot!(describe(&query(&connection, "SELECT * FROM every_type ORDER BY nn")));
    insta::assert_snapshot!(
        "mariadb_expressions",
        describe(&query(
            &connection,
            "SELECT 1, 1.5, 1.5e0, 'a', NULL, true, count(*), sum(bi), avg(i), concat(v, t), \
             now() IS NOT NULL, 1 / 3 FROM every_type"
        ))
    );
}
