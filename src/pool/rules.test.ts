import { expect, test } from "vitest";
import { UserError } from "../model/errors.ts";
import { readScript } from "./statements.ts";

const refusedStatements = [
  ..."BEGIN|BEGIN TRANSACTION|START TRANSACTION|COMMIT|END|ROLLBACK|ABORT|SAVEPOINT a|USE main|SET threads = 1|SET VARIABLE a = 1|RESET threads".split(
    "|",
  ),
  ..."PRAGMA database_list|CALL pragma_version()|ATTACH 'x.db'|ATTACH ':memory:' AS m|DETACH m|CHECKPOINT|FORCE CHECKPOINT|VACUUM|VACUUM ANALYZE".split(
    "|",
  ),
  ..."COPY t TO 'x.csv'|COPY t FROM 'x.csv'|COPY FROM DATABASE a TO b|EXPORT DATABASE 'x'|IMPORT DATABASE 'x'|INSTALL httpfs|LOAD httpfs|UPDATE EXTENSIONS".split(
    "|",
  ),
  ..."PREPARE p AS SELECT 1|EXECUTE p|DEALLOCATE p|DO $$ x $$|GRANT SELECT ON t TO u|LOCK TABLE t|SHOW temp_directory|SHOW VARIABLES".split(
    "|",
  ),
  ..."CREATE SECRET (TYPE S3)|CREATE PERSISTENT SECRET s (TYPE S3)|CREATE OR REPLACE TEMPORARY SECRET s (TYPE S3)|DROP SECRET s|CREATE SCHEMA s|DROP SCHEMA s CASCADE|ALTER DATABASE d SET ALIAS TO e|CREATE DATABASE d|CREATE USER u".split(
    "|",
  ),
  ..."EXPLAIN COPY t TO 'x'|EXPLAIN ANALYZE COPY t TO 'x'|EXPLAIN (ANALYZE) COPY t TO 'x'|EXPLAIN (FORMAT json) ROLLBACK|EXPLAIN ANALYZE EXPLAIN ANALYZE COMMIT|EXPLAIN ANALYZE VERBOSE SET threads = 1".split(
    "|",
  ),
  ..."SELECT * FROM read_csv('x')|SELECT * FROM READ_TEXT('x')|SELECT * FROM \"read_blob\"('x')|FROM main.read_parquet('x')|SELECT * FROM sniff_csv('x')|SELECT * FROM glob('*')|SELECT * FROM parquet_scan('x')|SELECT 'x'.read_text()".split(
    "|",
  ),
  ..."SELECT * FROM query('SELECT 1')|SELECT * FROM query_table('t')|SELECT * FROM json_execute_serialized_sql('x')|SELECT * FROM duckdb_settings()|SELECT * FROM duckdb_databases|SELECT * FROM pragma_database_list|SELECT current_setting('temp_directory')|SELECT * FROM enable_logging(storage = 'file')|SELECT * FROM enable_profiling()|SELECT * FROM checkpoint()|SELECT * FROM force_checkpoint()|SELECT write_log('x')".split(
    "|",
  ),
  ..."SELECT * FROM _nd_staging_1|DROP TABLE \"_ND_staging_1\"|SELECT * FROM _nightdesk.commits|CREATE OR REPLACE MACRO _NIGHTDESK_sql.nvl(a, b) AS 1|SELECT * FROM '_nightdesk.commits'|ALTER TABLE t RENAME TO _nd_staging_x|CREATE MACRO m() AS TABLE SELECT * FROM _nightdesk.commits".split(
    "|",
  ),
  ..."DROP MACRO nvl|DROP FUNCTION IF EXISTS \"NVL\"|UPDATE EXTENSIONS (httpfs)|/* c */ COMMIT|-- c\nCOMMIT|\u00a0COMMIT|((COPY t TO 'x'))|'text'|42|.5|\"select\" 1|$1".split(
    "|",
  ),
];

test.each(refusedStatements)("%j is refused with its number and position", (statement) => {
  const attempt = (): unknown => readScript(`SELECT 1;\n${statement}`);
  expect(attempt).toThrow(UserError);
  expect(attempt).toThrow(/^statement 2, line \d+, column \d+: .*(refused|reserved)/);
});

test.each([
  ..."SELECT 1|(SELECT 1)|WITH a AS (SELECT 1) SELECT * FROM a|FROM t|VALUES (1)|TABLE t|INSERT INTO t VALUES (1)|UPDATE t SET a = 1|DELETE FROM t|TRUNCATE t".split(
    "|",
  ),
  ..."MERGE INTO t USING s ON t.a = s.a WHEN MATCHED THEN DELETE|CREATE TABLE t (a INT)|CREATE OR REPLACE TEMP TABLE t AS SELECT 1|CREATE LOCAL TEMPORARY TABLE t AS SELECT 1|CREATE TABLE IF NOT EXISTS t (a INT)|CREATE VIEW v AS SELECT 1|CREATE UNIQUE INDEX i ON t (a)|CREATE MACRO m(a) AS a|CREATE SEQUENCE s|CREATE TYPE e AS ENUM ('a')".split(
    "|",
  ),
  ..."DROP TABLE IF EXISTS t|DROP VIEW v|ALTER TABLE t ADD COLUMN b INT|COMMENT ON TABLE t IS 'x'|EXPLAIN SELECT 1|EXPLAIN ANALYZE SELECT 1|EXPLAIN (ANALYZE, FORMAT json) SELECT 1|ANALYZE|DESCRIBE t|SUMMARIZE t|SHOW TABLES|SHOW ALL TABLES".split(
    "|",
  ),
  ..."UPDATE extensions SET a = 1|DROP MACRO own.nvl|DROP MACRO mine|SELECT 'BEGIN; COPY read_csv(1)'|SELECT /* COMMIT */ 1|SELECT \"begin\", copy FROM t|CREATE TABLE query (a INT)|INSERT INTO query (a) VALUES (1)|SELECT query FROM t".split(
    "|",
  ),
])("%j passes", (statement) => {
  expect(readScript(`${statement};`)).toHaveLength(1);
});
