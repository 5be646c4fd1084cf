/** The store of one data pool on DuckDB: staging and swap, transformations, the workbench. */
export { openPoolStore } from "./open.ts";
