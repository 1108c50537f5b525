// Made by `python -m dex.bridge.generate` from dex/bridge; do not edit.

export const PROTOCOL = 1;
export const VERSION = "0.1.0";
export const JOBS_EVENT = "urn:dexkit:jobs-changed";
export const PROGRESS_EVENT = "urn:dexkit:progress";

/** What an agent is doing right now: everything so far, not what is new. */
export interface Activity {
  run_id: string;
  stage: string;
  note: string;
  text: string;
}

/** Kernel to page: what an agent is doing, or None when it has ended. */
export interface ActivityMessage {
  type: "activity";
  activity: Activity | null;
}

/** How a cell stands to the exported module. */
export interface CellStateView {
  cell_id: string;
  cell: number;
  state: "exported" | "changed" | "refused";
  functions: string[];
}

/** Server to page: the cells of a notebook that have a place in its exported module. */
export interface CellsReply {
  module: string | null;
  cells: CellStateView[];
}

/** Page to server: how do the cells of a saved notebook stand to its exported module? */
export interface CellsRequest {
  path: string;
}

/** One check of a verdict. */
export interface CheckView {
  name: string;
  status: "passed" | "failed" | "not run";
  detail: string;
}

/** What the last profile says of a column; figures as text, ready to show. */
export interface ColumnView {
  name: string;
  type: string;
  nulls: number | null;
  distinct: string | null;
  minimum: string | null;
  maximum: string | null;
}

/** A task that another depends on, with the reasons. */
export interface EdgeView {
  before: string;
  reasons: ReasonView[];
}

/** Server to page: what became of a job of several notebooks or, in a check, would become of it. */
export interface EmitReply {
  job: string;
  path: string;
  status: string;
  diff: string;
  files: Record<string, string>;
  tasks: string[];
  exported: string[];
  as_notebooks: Record<string, string>;
  kept: string[];
  questions: QuestionView[];
  remarks: string[];
}

/** Page to server: export the notebooks and make one job of them. */
export interface EmitRequest {
  path: string;
  scope?: "notebook" | "project";
  work?: string;
  job: string;
  check?: boolean;
  force?: boolean;
}

/** The engine of the bound environment; the address carries no token. */
export interface EngineView {
  type: string;
  state: string;
  version: string | null;
  address: string | null;
  log: string | null;
}

/** An environment of the project, as the switch shows it. */
export interface EnvironmentView {
  name: string;
  kind: string | null;
  engine: string | null;
  catalog: string | null;
  writes: string | null;
  problem: string | null;
}

/** Server to page: why something was not done. */
export interface ErrorReply {
  code: string;
  message: string;
  where: string | null;
  remedy: string | null;
  places: PlaceView[];
}

/** Server to page: what an export wrote or, in a check, would write; the report as `%dex_export` shows it. */
export interface ExportReply {
  notebook: string;
  checked: boolean;
  drift: boolean;
  files: ExportedFile[];
  notes: PlaceView[];
  left_out: PlaceView[];
  not_derived: PlaceView[];
  text: string;
}

/** Page to server: export a notebook that is saved. */
export interface ExportRequest {
  path: string;
  check?: boolean;
  force?: boolean;
}

/** A file of an export and what became of it. */
export interface ExportedFile {
  path: string;
  status: string;
  diff: string;
}

/** A Spark frame that the notebook has a name for. */
export interface FrameView {
  name: string;
}

/** Server to page: the graph that notebooks make. */
export interface GraphReply {
  stages: GraphTaskView[][];
  inputs: InputView[];
  questions: QuestionView[];
  assumptions: string[];
  cyclic: boolean;
  job: string | null;
}

/** Page to server: what depends on what among notebooks? */
export interface GraphRequest {
  path: string;
  scope?: "notebook" | "project";
  work?: string;
}

/** A task of an inferred graph. */
export interface GraphTaskView {
  key: string;
  section: string | null;
  place: TaskPlace;
  pipeline: boolean;
  edges: EdgeView[];
  reads: string[];
  writes: string[];
  runs: string[];
}

/** What the guard does with writes in the bound environment, and where they may go. */
export interface GuardView {
  writes: string;
  confirmed: boolean;
  catalogs: string[];
}

/** A table or path that tasks read and no task writes. */
export interface InputView {
  name: string;
  readers: string[];
}

/** A parameter of a job and what it is where a run does not say. */
export interface JobParameterView {
  name: string;
  default: string;
}

/** Server to page: the graph of a job, with a run of it. */
export interface JobReply {
  key: string;
  parameters: JobParameterView[];
  stages: JobTaskView[][];
  run: JobRunView | null;
  starting: string | null;
  stopped: boolean;
  problem: string | null;
}

/** Page to server: the graph of a job, and one of its runs. */
export interface JobRequest {
  path: string;
  job: string;
  run?: number | null;
}

/** Page to server: do something with a run. */
export interface JobRunRequest {
  path: string;
  run: number;
}

/** A run of a job. */
export interface JobRunView {
  run: number;
  status: string;
  environment: string;
  started: string;
  seconds: number | null;
  ours: boolean;
  repairable: boolean;
}

/** Page to server: run a job. */
export interface JobStartRequest {
  path: string;
  job: string;
  parameters?: Record<string, string>;
}

/** Server to page: the number of a run that was started, repaired or stopped. */
export interface JobStarted {
  run: number;
}

/** A task of a job's graph. */
export interface JobTaskView {
  key: string;
  status: string | null;
  attempt: number;
  seconds: number | null;
  value: string | null;
  error: string | null;
  what: string;
  needs: string[];
  after: string[];
  run_if: string | null;
  items: TaskRunView[];
  item_count: number;
}

/** A job of the bundle. */
export interface JobView {
  key: string;
  name: string;
  tasks: number;
  runs: JobRunView[];
  problem: string | null;
}

/** Server to every page, as an event: something about runs has changed, so that pages that show them ask again. */
export interface JobsChanged {
  project: string;
  runs: number[];
}

/** Server to page: the jobs of a bundle. */
export interface JobsReply {
  project: string;
  jobs: JobView[];
  unreadable: string[];
}

/** Page to server: which jobs are in the bundle of the project around a notebook? */
export interface JobsRequest {
  path: string;
}

/** A layer and its tables. */
export interface LayerView {
  name: string;
  schema_name: string;
  tables: TableView[];
  listed: boolean;
}

/** Kernel to page, with the comm's opening: say hello. */
export interface Opened {
  type: "opened";
  protocol: number;
  version: string;
}

/** Page to kernel: `hello` asks for the state as it is known, `refresh` to look again. */
export interface PageMessage {
  type: "hello" | "refresh";
  protocol?: number;
}

/** Something a person should know, and the place in the notebook that it is about. */
export interface PlaceView {
  text: string;
  cell: number | null;
  line: number | null;
}

/** A part of the snapshot that could not be had. */
export interface ProblemView {
  part: string;
  code: string | null;
  message: string;
}

/** The last profile of the kernel. */
export interface ProfileView {
  name: string | null;
  rows: number;
  columns: ColumnView[];
  more_columns: number;
}

/** Server to every page, as an event: how far a request is. */
export interface Progress {
  work: string;
  text: string;
}

/** The last proposal of the kernel, ready to be inserted; nobody has run it on full data. */
export interface ProposalView {
  run_id: string;
  cell_id: string | null;
  role: string;
  into: string;
  code: string;
  assertions: string;
  status: string | null;
  checks: CheckView[];
  not_followed: string[];
}

/** Something that the notebooks do not say. */
export interface QuestionView {
  code: string;
  text: string;
  places: TaskPlace[];
  remedy: string;
}

/** Why a task comes after another. */
export interface ReasonView {
  kind: string;
  name: string;
  before: TaskPlace | null;
  after: TaskPlace | null;
}

/** One line of the ledger. */
export interface RunView {
  id: string;
  kind: string;
  role: string | null;
  environment: string | null;
  status: string;
  started: string;
  summary: string;
}

/** Server to page: its half of the handshake. */
export interface ServerVersion {
  version: string;
  protocol: number;
}

/** How far the binding of the kernel is; lost: bound, and its engine was stopped since. */
export interface SessionView {
  state: "none" | "starting" | "ready" | "failed" | "lost";
  message: string;
}

/** Everything the panel shows of a kernel. */
export interface Snapshot {
  version: string;
  project: string | null;
  environments: EnvironmentView[];
  environment: EnvironmentView | null;
  session: SessionView;
  engine: EngineView | null;
  guard: GuardView | null;
  catalog: LayerView[];
  roles: string[];
  runs: RunView[];
  profile: ProfileView | null;
  frames: FrameView[];
  proposal: ProposalView | null;
  problems: ProblemView[];
}

/** Kernel to page: the whole state; the page is right after any one of these. */
export interface SnapshotMessage {
  type: "snapshot";
  protocol: number;
  snapshot: Snapshot;
  activity: Activity | null;
}

/** Server to page: what became of the tests of a notebook's module. */
export interface SuiteReply {
  notebook: string;
  tests: string;
  passed: number;
  failed: PlaceView[];
  skipped: PlaceView[];
  seconds: number;
}

/** Page to server: run the tests of the module that a notebook was exported to. */
export interface SuiteRequest {
  path: string;
}

/** Server to page: what a sync wrote or, in a check, would write. */
export interface SyncReply {
  notebook: string;
  module: string;
  checked: boolean;
  taken: PlaceView[];
  conflicts: PlaceView[];
  files: string[];
}

/** Page to server: bring what was changed in the exported module back to a saved notebook. */
export interface SyncRequest {
  path: string;
  check?: boolean;
}

/** A table, by its plain name and by the one SQL takes. */
export interface TableView {
  name: string;
  full_name: string;
}

/** Server to page: what the last attempt of a task printed. */
export interface TaskLog {
  task: string;
  text: string;
  cut: boolean;
  places: TaskPlace[];
}

/** Page to server: what did a task print? */
export interface TaskLogRequest {
  path: string;
  run: number;
  task: string;
}

/** A place that something about a task leads to. */
export interface TaskPlace {
  path: string | null;
  notebook: string;
  cell: number | null;
  line: number | null;
}

/** How far a task of a run is, or an item of a for-each task. */
export interface TaskRunView {
  key: string;
  status: string | null;
  attempt: number;
  seconds: number | null;
  value: string | null;
  error: string | null;
}

/** What a kernel sends. */
export type KernelMessage = Opened | SnapshotMessage | ActivityMessage;
