package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"strings"
	"time"

	"github.com/urfave/cli/v2"
	"go.yaml.in/yaml/v3"

	"mslora/catalog"
	"mslora/experiment"
	"mslora/ortrain"
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
	Stdout      io.Writer
	Stderr      io.Writer
}

func runCommand() *cli.Command {
	return &cli.Command{
		Name:  "run",
		Usage: "train and score every cell of a grid: data sets x attacks x models x methods x seeds",
		UsageText: "mslora run --model bge-small --data sets/sst-2 --attacks badnets,addsent --methods lora,musclelora --out runs/first\n" +
			"mslora run --config experiments/table1.yaml --only dataset=sst-2 --only attack=badnets",
		Description: "Each cell leaves a folder with its configuration, metrics, predictions, best parameters and\n" +
			"result.json. A finished cell is skipped, an interrupted one resumes. The table is printed at the end.\n" +
			"experiments/ has a configuration for each of the paper's tables that compare ways of training.",
		Flags: append(append(gridFlags(), hyperparameterFlags()...), machineFlags()...),
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
		&cli.StringSliceFlag{Name: "only", Usage: "run the part of the grid with `KEY=VALUE`: dataset, attack, model, method or seed; may be given several times"},
		&cli.StringSliceFlag{Name: "model", Usage: "Hugging Face `FOLDER`, or " + strings.Join(catalog.ModelNames(), ", ") + "; several with commas"},
		&cli.StringSliceFlag{Name: "data", Usage: "data set `FOLDER`, or " + strings.Join(catalog.DataNames, ", ") + "; several with commas"},
		&cli.StringSliceFlag{Name: "attacks", Usage: "badnets, addsent, hiddenkiller, stylebkd", DefaultText: strings.Join(d.Attacks, ",")},
		&cli.StringSliceFlag{Name: "methods", Usage: experiment.MethodNames(), DefaultText: strings.Join(d.Methods, ",")},
		&cli.StringSliceFlag{Name: "seeds", Usage: "random seeds", DefaultText: "42"},
		&cli.StringFlag{Name: "out", Usage: "`FOLDER` for results", DefaultText: d.Out},
		&cli.IntFlag{Name: "target", Usage: "target label", DefaultText: fmt.Sprint(d.Target)},
		&cli.StringFlag{Name: "setting", Usage: "clean, dirty or mix", DefaultText: "the authors' for the attack"},
		&cli.StringFlag{Name: "ratio", Usage: "poison ratio", DefaultText: d.Ratio},
		&cli.IntFlag{Name: "limit", Usage: "use `N` training texts", DefaultText: "all"},
		&cli.BoolFlag{Name: "print-config", Usage: "print the effective configuration as YAML and stop"},
		&cli.BoolFlag{Name: "dry-run", Usage: "check everything, print the plan and an estimate, train nothing"},
		&cli.BoolFlag{Name: "force", Usage: "train finished cells again and replace cells of another configuration"},
		&cli.BoolFlag{Name: "json", Usage: "print progress and results as JSON lines"},
		&cli.BoolFlag{Name: "quiet", Usage: "print nothing but the table"},
	}
}

func machineFlags() []cli.Flag {
	d := experiment.DefaultConfig()
	return []cli.Flag{
		&cli.StringFlag{Name: "device", Usage: "cpu, cuda or cuda:N", DefaultText: d.Device, Category: "machine"},
		&cli.StringFlag{Name: "graphs", Usage: "`FOLDER` of graphs exported for other architectures", Category: "machine"},
		&cli.IntFlag{Name: "threads", Usage: "CPU threads", DefaultText: "all cores", Category: "machine"},
		&cli.StringFlag{Name: "cuda-arena-strategy", Usage: "kNextPowerOfTwo or kSameAsRequested", Category: "machine"},
		&cli.Int64Flag{Name: "cuda-memory-limit", Usage: "`BYTES` of GPU memory", DefaultText: "no limit", Category: "machine"},
		&cli.BoolFlag{Name: "cuda-half", Usage: "compute the forward pass's products with 16-bit weights in 16 bits", Category: "machine"},
		&cli.BoolFlag{Name: "cuda-tf32", Usage: "let matrix products round to TF32: faster on large models, less exact", Category: "machine"},
		&cli.IntFlag{Name: "save-every", Usage: "`STEPS` between checkpoints", DefaultText: fmt.Sprint(d.SaveEvery), Category: "machine"},
		&cli.StringFlag{Name: "onnxruntime", Usage: "`PATH` of libonnxruntime", DefaultText: "searched, see `mslora doctor`", Category: "machine"},
	}
}

// hyperparameterFlags override the model's preset.
func hyperparameterFlags() []cli.Flag {
	const category, byPreset = "hyperparameters", "the preset's"
	integer := func(name, usage string) cli.Flag {
		return &cli.IntFlag{Name: name, Usage: usage, DefaultText: byPreset, Category: category}
	}
	number := func(name, usage string) cli.Flag {
		return &cli.Float64Flag{Name: name, Usage: usage, DefaultText: byPreset, Category: category}
	}
	return []cli.Flag{
		&cli.StringFlag{Name: "preset", Usage: "authors: as the paper's code; paper: as its text; see mslora preset", DefaultText: "authors", Category: category},
		integer("epochs", "passes over the training texts"),
		integer("batch", "texts in a batch"),
		number("lr", "learning rate of AdamW, decays linearly to 0"),
		integer("max-tokens", "cut longer texts"),
		number("clip-norm", "limit of the global gradient norm"),
		number("weight-decay", "decoupled weight decay"),
		&cli.StringFlag{Name: "head", Usage: "classification head of the methods with LoRA: frozen as it was drawn, or trained", DefaultText: byPreset, Category: category},
		integer("lora-rank", "r of LoRA"),
		number("lora-alpha", "alpha of LoRA"),
		&cli.StringFlag{Name: "scales", Usage: "scaling vector S, for example 1,4,8,12", DefaultText: byPreset, Category: category},
		integer("bandwidth", "how often each scale is repeated"),
		number("scale-alpha", "alpha of the multi-scale branch"),
		integer("auxiliary", "trusted clean texts drawn from dev"),
		&cli.StringFlag{Name: "align", Usage: "authors: as the paper's code; paper: as its text; always: fully at every step", DefaultText: byPreset, Category: category},
		number("mu-max", "largest share of the unaligned gradient"),
		integer("mix-from", "first epoch, from 0, that mixes the unaligned gradient in"),
		number("min-aux-loss", "above this auxiliary loss gradients are fully aligned"),
		number("min-aux-norm", "and above this mean auxiliary gradient norm"),
		integer("bottleneck", "units of an adapter between its two projections"),
		integer("prefix-length", "virtual tokens that a prefix adds to each layer"),
	}
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
	if err := startRuntime(o.Library); err != nil {
		return badInput(err)
	}
	plan, err := experiment.NewPlan(o.Config)
	if err != nil {
		return badInput(err)
	}
	defer plan.Close()
	if o.DryRun {
		return dryRun(ctx, plan, o)
	}
	display := newDisplay(o, len(plan.Cells))
	var folders []string
	for i, cell := range plan.Cells {
		display.begin(i, cell)
		finished := plan.Finished(cell) && !o.Force
		result, err := plan.Run(ctx, cell, o.Force, display)
		if err != nil {
			display.interrupt()
			return fmt.Errorf("%s: %w", cell, err)
		}
		display.finish(result, finished)
		folders = append(folders, plan.Folder(cell))
		history, err := experiment.ReadMetrics(plan.Folder(cell))
		if err != nil && !errors.Is(err, fs.ErrNotExist) { // of a cell from elsewhere there may be the result alone
			return err
		}
		if w := alignmentWarning(history, cell); w != "" {
			fmt.Fprintf(o.Stderr, "warning: %s: %s\n", cell, w)
		}
	}
	if o.JSON {
		return nil
	}
	return printTable(o.Stdout, folders)
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

// dryRun prints what run would do, with an estimate from a few real steps of each kind of cell.
func dryRun(ctx context.Context, plan *experiment.Plan, o runOptions) error {
	estimates, err := plan.Estimate(ctx)
	if err != nil {
		return err
	}
	var total time.Duration
	for i, cell := range plan.Cells {
		e := estimates[i]
		if !e.Finished {
			total += e.Total
		}
		state := "to train"
		if e.Finished {
			state = "finished, will be skipped"
		}
		fmt.Fprintf(o.Stdout, "%s: %d texts, %d steps of about %.0f ms, about %s (%s)\n", cell, e.Texts, e.Steps,
			1000*e.StepTime.Seconds(), readable(e.Total), state)
		fmt.Fprintf(o.Stdout, "  memory: %s\n", memoryParts(e.Memory))
	}
	fmt.Fprintf(o.Stdout, "%d cells, about %s on %s\n", len(plan.Cells), readable(total), plan.Device)
	return nil
}
