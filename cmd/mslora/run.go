package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"slices"
	"strings"
	"time"

	"github.com/urfave/cli/v2"
	"go.yaml.in/yaml/v3"

	"mslora/catalog"
	"mslora/defence"
	"mslora/experiment"
	"mslora/gradalign"
	"mslora/internal/hint"
	"mslora/internal/ortlib"
	"mslora/internal/visible"
	"mslora/ortrain"
	"mslora/params"
)

// runOptions is what `mslora run` was asked for.
type runOptions struct {
	Config      experiment.Config
	PrintConfig bool
	DryRun      bool
	Force       bool
	JSON        bool
	Quiet       bool
	Library     string
	Sum         *plannedSum // of a dry run of several experiments; nil: there is one
	Stdout      io.Writer
	Stderr      io.Writer
}

func runCommand() *cli.Command {
	return &cli.Command{
		Name:  "run",
		Usage: "train and score every cell of a grid: data sets x attacks x models x methods x settings x seeds",
		UsageText: "mslora run --model bge-small --data sets/sst-2 --attacks badnets,addsent --methods lora,musclelora --out runs/first\n" +
			"mslora run --model bge-small --data sets/sst-2 --methods musclelora --lr 1e-4,3e-4 --lora-rank 4,8 --out runs/sweep\n" +
			"mslora run --config experiments/table1.yaml --only dataset=sst-2 --only attack=badnets",
		Description: "Each cell leaves a folder with its configuration, metrics, predictions, best parameters and\n" +
			"result.json. A finished cell is skipped, an interrupted one resumes, one that fails does not end the others.\n" +
			"The table is printed at the end. Every hyperparameter, --ratio, --setting, --target and --limit may be a\n" +
			"list with commas: cells of all values then share one --out. Of --scales semicolons part the vectors.\n" +
			"experiments/ has configurations of the paper's tables and figures; see `mslora reproduce`.",
		Flags: slices.Concat(gridFlags(), []cli.Flag{tensorboardFlag()}, fourierFlags(), readingFlags(), hyperparameterFlags(), machineFlags(ortrain.PrecisionFloat32)),
		Action: func(c *cli.Context) error {
			if c.Args().Present() {
				return badInput(fmt.Errorf("unexpected argument %q", c.Args().First()))
			}
			config, err := configFromFlags(c)
			if err != nil {
				return badInput(err)
			}
			return run(c.Context, runOptions{
				Config: config, PrintConfig: c.Bool("print-config"), DryRun: c.Bool("dry-run"), Force: c.Bool("force"),
				JSON: c.Bool("json"), Quiet: c.Bool("quiet"), Library: c.String("onnxruntime"),
				Stdout: c.App.Writer, Stderr: c.App.ErrWriter,
			})
		},
	}
}

func gridFlags() []cli.Flag {
	d := experiment.DefaultConfig()
	return []cli.Flag{
		&cli.StringFlag{Name: "config", Usage: "YAML `FILE` with the same settings; flags override it"},
		&cli.StringSliceFlag{Name: "only", Usage: "run the part of the grid with `KEY=VALUE`: dataset, attack, model, method, seed or any other list; may be given several times"},
		&cli.StringSliceFlag{Name: "model", Usage: "Hugging Face `FOLDER`, or " + strings.Join(catalog.ModelNames(), ", ") + "; several with commas"},
		&cli.StringSliceFlag{Name: "data", Usage: "data set `FOLDER`, or " + strings.Join(catalog.DataNames, ", ") + "; several with commas"},
		&cli.StringSliceFlag{Name: "attacks", Usage: "badnets, addsent, hiddenkiller, stylebkd", DefaultText: strings.Join(d.Attacks, ",")},
		&cli.StringSliceFlag{Name: "methods", Usage: strings.Join(defence.Names(), ", "), DefaultText: strings.Join(d.Methods, ",")},
		&cli.StringSliceFlag{Name: "seeds", Usage: "random seeds", DefaultText: "42"},
		&cli.StringFlag{Name: "out", Usage: "`FOLDER` for results", DefaultText: d.Out},
		&cli.StringSliceFlag{Name: "target", Usage: "target label", DefaultText: fmt.Sprint(d.Target[0])},
		&cli.StringSliceFlag{Name: "setting", Usage: "clean, dirty or mix", DefaultText: "the authors' for the attack"},
		&cli.StringSliceFlag{Name: "ratio", Usage: "poison ratio; 0 trains on the clean texts, as if never poisoned", DefaultText: d.Ratio[0]},
		&cli.StringSliceFlag{Name: "limit", Usage: "use `N` training texts", DefaultText: "all"},
		&cli.BoolFlag{Name: "print-config", Usage: "print the effective configuration as YAML and stop"},
		&cli.BoolFlag{Name: "dry-run", Usage: "check everything, print the plan and an estimate, train nothing"},
		&cli.BoolFlag{Name: "force", Usage: "train finished cells again; no other files are touched"},
		&cli.BoolFlag{Name: "json", Usage: "print progress and results as JSON lines"},
		&cli.BoolFlag{Name: "quiet", Usage: "print nothing but the table"},
	}
}

func machineFlags(precision string) []cli.Flag {
	d := experiment.DefaultConfig()
	return []cli.Flag{
		&cli.StringFlag{Name: "device", Usage: "cpu, cuda or cuda:N", DefaultText: d.Device, Category: "machine"},
		&cli.StringFlag{Name: "graphs", Usage: "`FOLDER` of graphs exported for other architectures", Category: "machine"},
		&cli.IntFlag{Name: "threads", Usage: "CPU threads", DefaultText: "all cores", Category: "machine"},
		&cli.StringSliceFlag{Name: "precision", Usage: precisionUsage, DefaultText: precision, Category: "machine"},
		&cli.StringFlag{Name: "cuda-arena-strategy", Usage: "kNextPowerOfTwo or kSameAsRequested", Category: "machine"},
		&cli.Int64Flag{Name: "cuda-memory-limit", Usage: "`BYTES` of GPU memory", DefaultText: "no limit", Category: "machine"},
		&cli.BoolFlag{Name: "cuda-half", Usage: "compute the forward pass's products with 16-bit weights in 16 bits", Category: "machine"},
		&cli.BoolFlag{Name: "cuda-tf32", Usage: "let matrix products round to TF32: faster on large models, less exact", Category: "machine"},
		&cli.IntFlag{Name: "save-every", Usage: "`STEPS` between checkpoints", DefaultText: fmt.Sprint(d.SaveEvery), Category: "machine"},
		&cli.StringFlag{Name: "onnxruntime", Usage: "`PATH` of libonnxruntime", DefaultText: "searched, see `mslora doctor`", Category: "machine"},
	}
}

// precisionUsage says what --precision is.
const precisionUsage = "float32; int8: products by frozen weights in 8 bits, on CPUs with VNNI (docs/performance.md); or auto: int8 on such CPUs, else float32"

// hyperparameterFlags override the model's preset: one flag for each row of the table.
func hyperparameterFlags() []cli.Flag {
	const category = "hyperparameters"
	flags := []cli.Flag{
		&cli.StringFlag{Name: "preset", Usage: "authors: as the paper's code; paper: as its text; see mslora preset", DefaultText: experiment.PresetAuthors, Category: category},
	}
	for _, p := range params.Table {
		usage := p.Help
		if p.Name == params.Align {
			usage += ": " + rules()
		}
		flags = append(flags, &cli.StringFlag{Name: p.Flag, Usage: usage + " (" + p.Range() + ")", DefaultText: "the preset's", Category: category})
	}
	return flags
}

// rules says what each rule of alignment does.
func rules() string {
	var all []string
	for _, rule := range gradalign.Rules {
		all = append(all, rule.Name+", "+rule.Help)
	}
	return strings.Join(all, "; ")
}

func run(ctx context.Context, o runOptions) error {
	if o.PrintConfig {
		encoded, err := yaml.Marshal(o.Config)
		if err != nil {
			return err
		}
		_, err = o.Stdout.Write(encoded)
		return err
	}
	if err := ortlib.Start(o.Library); err != nil {
		return badInput(err)
	}
	plan, err := experiment.NewPlan(o.Config)
	if err != nil {
		return badInput(err)
	}
	defer plan.Close()
	notice(o.Stderr, plan.Notice)
	announceReading(o.Stderr, o.Quiet, plan.Read()...)
	held, err := plan.Guard()
	if err != nil {
		return badInput(err)
	}
	if err := o.checkFourier(plan); err != nil {
		return badInput(err)
	}
	if o.DryRun {
		return dryRun(ctx, plan, o)
	}
	if o.Force && len(held) > 0 {
		replacing(o.Stderr, o.Quiet, count(len(held), "cell")+" in "+o.Config.Out)
	}
	if err := plan.Record(); err != nil {
		return err
	}
	display := newDisplay(o, len(plan.Cells))
	defer display.interrupt()
	o.announceConflicts(plan)
	var watch *alignmentWatch
	outcomes, err := plan.RunGrid(ctx, experiment.GridOptions{
		Force: o.Force,
		Begin: func(index int, cell experiment.Cell) []ortrain.Hook {
			display.begin(index, cell, plan.Title(cell))
			watch = &alignmentWatch{cell: cell, stderr: o.Stderr, title: plan.Title(cell) + ": "}
			return append([]ortrain.Hook{display, watch}, plan.Hooks(cell)...)
		},
		End:  func(_ int, outcome experiment.Outcome) { o.report(display, watch, plan, outcome) },
		Wait: display.wait,
	})
	if err != nil {
		return err
	}
	return o.conclude(plan, outcomes)
}

// announceConflicts says, before any training, which cells will be refused. Of a single cell the error says it.
func (o runOptions) announceConflicts(plan *experiment.Plan) {
	if len(plan.Cells) == 1 {
		return
	}
	for _, cell := range plan.Cells {
		if err := plan.Conflict(cell, o.Force); err != nil {
			warn(o.Stderr, fmt.Sprintf("%s will not run: %v", plan.Title(cell), err))
		}
	}
}

// report says what became of a cell.
func (o runOptions) report(display *display, watch *alignmentWatch, plan *experiment.Plan, outcome experiment.Outcome) {
	if outcome.Err != nil {
		display.fail(outcome)
		return
	}
	display.finish(outcome.Result, outcome.Before)
	history, err := experiment.ReadMetrics(plan.Folder(outcome.Cell))
	if err != nil && !errors.Is(err, fs.ErrNotExist) { // of a cell from elsewhere there may be the result alone
		warn(o.Stderr, err.Error())
	}
	watch.look(history) // of a cell that was finished before
	o.reportFourier(plan, outcome)
	warnWithoutCurves(o.Stderr, plan, outcome.Cell, plan.Title(outcome.Cell))
}

// conclude prints the table of what is finished, and what is missing. Its error decides how the program exits: as for wrong
// input if every missing cell was refused.
func (o runOptions) conclude(plan *experiment.Plan, outcomes []experiment.Outcome) error {
	var folders []string
	var missing []experiment.Outcome
	for _, outcome := range outcomes {
		if outcome.Err != nil {
			missing = append(missing, outcome)
		} else {
			folders = append(folders, plan.Folder(outcome.Cell))
		}
	}
	if !o.JSON && len(folders) > 0 {
		if err := printTable(o.Stdout, folders); err != nil {
			return err
		}
	}
	if len(missing) == 0 {
		return nil
	}
	if len(outcomes) == 1 { // the one error says it all
		return fmt.Errorf("%s: %w", plan.Title(missing[0].Cell), markRefused(missing[0].Err))
	}
	refused := true
	for _, outcome := range missing {
		fmt.Fprintf(o.Stderr, "missing: %s\n", visible.Line(fmt.Sprintf("%s: %v", plan.Title(outcome.Cell), outcome.Err)))
		refused = refused && experiment.Refused(outcome.Err)
	}
	err := hint.New("the same command runs them again and skips the others", "%d of %d cells have no result", len(missing), len(outcomes))
	if refused {
		return badInput(err)
	}
	return err
}

// markRefused tells a cell that was refused from one that failed.
func markRefused(err error) error {
	if experiment.Refused(err) {
		return badInput(err)
	}
	return err
}

// memoryParts lists what a cell holds in memory, in GiB.
func memoryParts(m ortrain.Memory) string {
	text := ""
	for _, part := range []struct {
		name  string
		bytes int64
	}{
		{"weights", m.Weights}, {"packed for matrix products", m.Packed}, {"widest weight as float32", m.Widened},
		{"tuned tensors, gradients, AdamW", m.Tuned}, {"kept for the backward pass", m.Saved}, {"merged for evaluation", m.Merged},
	} {
		if part.bytes > 0 {
			text += fmt.Sprintf("%s %.2f + ", part.name, gibibytes(part.bytes))
		}
	}
	return strings.TrimSuffix(text, " + ") + fmt.Sprintf(" = %.2f GiB", gibibytes(m.Total()))
}

func gibibytes(bytes int64) float64 { return float64(bytes) / (1 << 30) }

// plannedCell is a cell in what --dry-run --json prints.
type plannedCell struct {
	cellRecord
	Texts       int     `json:"texts"`
	Steps       int     `json:"steps"`
	ProbeSteps  int     `json:"probe_steps,omitempty"`     // of a model that poisoned texts are looked for with
	Readings    int     `json:"filter_readings,omitempty"` // texts that models read for the filter
	Points      int     `json:"fourier_points,omitempty"`
	StepSeconds float64 `json:"step_seconds"`
	Seconds     float64 `json:"seconds"` // training, evaluation and Fourier analysis, with what a purifier or a filter reads
	MemoryBytes int64   `json:"memory_bytes"`
}

// plannedSum is the time of cells that are to be trained, each once.
type plannedSum struct {
	folders map[string]bool
	time    time.Duration
}

// add counts a cell, unless it was counted before; nil counts nothing.
func (s *plannedSum) add(folder string, time time.Duration) {
	if s == nil || s.folders[folder] {
		return
	}
	if s.folders == nil {
		s.folders = map[string]bool{}
	}
	s.folders[folder] = true
	s.time += time
}

// dryRun prints what run would do, with an estimate from a few real steps of each kind of cell.
func dryRun(ctx context.Context, plan *experiment.Plan, o runOptions) error {
	estimates, err := plan.Estimate(ctx)
	if err != nil {
		return err
	}
	var total plannedSum
	refused := 0
	for i, cell := range plan.Cells {
		e, record := estimates[i], recordOf(plan, cell)
		if record.State != experiment.Finished && record.Conflict == "" {
			total.add(record.Folder, e.Total)
			o.Sum.add(record.Folder, e.Total)
		}
		if record.Conflict != "" {
			refused++
		}
		if o.JSON {
			if err := writeJSON(o.Stdout, plannedCell{record, e.Texts, e.Steps, e.Probe, e.Readings, e.Points, e.StepTime.Seconds(), e.Total.Seconds(), e.Memory.Total()}); err != nil {
				return err
			}
			continue
		}
		more := ""
		if e.Readings > 0 {
			more = fmt.Sprintf(", %d readings by the filter", e.Readings)
		}
		if e.Points > 0 {
			more += fmt.Sprintf(", %d points of the Fourier analysis", e.Points)
		}
		fmt.Fprintf(o.Stdout, "%s: %d texts, %s of about %.0f ms%s, about %s (%s)\n", visible.Line(plan.Title(cell)), e.Texts, steps(e.Steps, e.Probe),
			1000*e.StepTime.Seconds(), more, readable(e.Total), visible.Line(record.plan()))
		fmt.Fprintf(o.Stdout, "  memory: %s\n", memoryParts(e.Memory))
	}
	if !o.JSON {
		fmt.Fprintf(o.Stdout, "%d cells, about %s on %s\n", len(plan.Cells), readable(total.time), plan.Device)
	}
	if refused > 0 {
		return badInput(hint.New("give another --out", "%d of %d cells would be refused", refused, len(plan.Cells)))
	}
	return nil
}
