package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/urfave/cli/v2"

	"mslora/catalog"
	"mslora/dataset"
	"mslora/internal/hint"
	"mslora/internal/ownfolder"
	"mslora/internal/visible"
	"mslora/poison"
)

// poisonOptions is what `mslora poison` was asked for.
type poisonOptions struct {
	Data        string
	Attacks     []string
	Ratios      []string
	Target      int
	Setting     string
	Seed        uint64
	Trigger     string
	Reading     dataset.Reading
	Paraphrases string
	Out         string
	Force       bool
	JSON        bool
	Quiet       bool
	Stdout      io.Writer
	Stderr      io.Writer
}

func poisonCommand() *cli.Command {
	return &cli.Command{
		Name:  "poison",
		Usage: "make poisoned data sets from clean texts, in the authors' layout",
		UsageText: "mslora poison --data reviews/ --attack badnets,addsent --ratio 0.1 --out sets/reviews\n" +
			"mslora poison --data reviews/ --attack stylebkd --paraphrases bible-style/ --out sets/reviews\n" +
			"mslora poison --check sets/reviews",
		Description: "Reads a folder with train, dev and test files with text and label (docs/files.md says of what kinds), a data set\n" +
			"in the authors' layout, or one file, of which a tenth each becomes dev and test. Writes\n" +
			"OUT/TARGET/ATTACK with clean and poisoned files, the mixed training set and poison.json. badnets and\n" +
			"addsent insert their trigger; hiddenkiller and stylebkd mix paraphrases, of --paraphrases or that the\n" +
			"data set has.\n" +
			"The same seed gives the same bytes.\n\n" +
			"--check reads sets instead: flags, labels, counts, triggers, duplicates, how clean and poisoned files go\n" +
			"together, checksums. It prints their statistics and one line for each problem, and exits with 2 if there is one.",
		Flags: append([]cli.Flag{
			&cli.StringFlag{Name: "check", Usage: "check the sets in `FOLDER` and print their statistics; --attack, --target, --setting, --ratio and --trigger narrow it"},
			&cli.StringFlag{Name: "data", Usage: "clean texts: `FOLDER_OR_FILE`, or a data set of the paper by name"},
			&cli.StringSliceFlag{Name: "attack", Usage: strings.Join(dataset.Attacks, ", ") + "; several with commas", DefaultText: dataset.BadNets},
			&cli.StringSliceFlag{Name: "ratio", Usage: "poison ratio; several with commas", DefaultText: dataset.DefaultRatio},
			&cli.IntFlag{Name: "target", Usage: "target label", Value: 1},
			&cli.StringFlag{Name: "setting", Usage: "clean, dirty or mix: poison texts of the target label, of the others, or any", DefaultText: "the authors': badnets clean, others mix"},
			&cli.Uint64Flag{Name: "seed", Usage: "random seed", Value: 42},
			&cli.StringFlag{Name: "trigger", Usage: "badnets: words with commas between them; addsent: a sentence", DefaultText: "the paper's"},
			&cli.StringFlag{Name: "paraphrases", Usage: "for hiddenkiller or stylebkd: `FOLDER_OR_FILE` with a paraphrase of each text of --data, in the same order and form", DefaultText: "those that the data set has"},
			&cli.StringFlag{Name: "out", Usage: "data set `FOLDER` to write: a new or empty one, or one with nothing but sets that `mslora poison` made"},
			&cli.BoolFlag{Name: "force", Usage: "replace files of another set that mslora poison made in OUT"},
			&cli.BoolFlag{Name: "json", Usage: "print one JSON object per set"},
			&cli.BoolFlag{Name: "quiet", Usage: "print nothing"},
		}, readingFlags()...),
		Action: func(c *cli.Context) error {
			if c.Args().Present() {
				return badInput(fmt.Errorf("unexpected argument %q", c.Args().First()))
			}
			if c.IsSet("check") {
				return checkSets(c)
			}
			reading, err := readingFromFlags(c)
			if err != nil {
				return badInput(err)
			}
			o := poisonOptions{
				Reading: reading,
				Data:    c.String("data"), Attacks: splitAll(c.StringSlice("attack")), Ratios: splitAll(c.StringSlice("ratio")),
				Target: c.Int("target"), Setting: c.String("setting"), Seed: c.Uint64("seed"), Trigger: c.String("trigger"), Paraphrases: c.String("paraphrases"),
				Out: c.String("out"), Force: c.Bool("force"), JSON: c.Bool("json"), Quiet: c.Bool("quiet"), Stdout: c.App.Writer, Stderr: c.App.ErrWriter,
			}
			if !c.IsSet("attack") {
				o.Attacks = []string{dataset.BadNets}
			}
			if !c.IsSet("ratio") {
				o.Ratios = []string{dataset.DefaultRatio}
			}
			return runPoison(c.Context, o)
		},
	}
}

func (o poisonOptions) validate() error {
	switch {
	case o.Data == "":
		return hint.New("a folder with train, dev and test files, or one file", "--data is missing")
	case o.Out == "":
		return hint.New("a folder for the poisoned set, for example sets/reviews", "--out is missing")
	case len(o.Attacks) == 0:
		return hint.New("for example badnets,addsent", "--attack is empty")
	case len(o.Ratios) == 0:
		return hint.New("for example 0.1", "--ratio is empty")
	case o.Trigger != "" && len(o.Attacks) > 1:
		return hint.New("poison with one attack at a time", "--trigger is for one attack, but --attack names %d", len(o.Attacks))
	case o.Paraphrases != "" && len(o.Attacks) > 1:
		return hint.New("poison with one attack at a time", "--paraphrases is for one attack, but --attack names %d", len(o.Attacks))
	}
	for _, attack := range o.Attacks {
		if _, inserts := poison.FindTrigger(attack); o.Trigger != "" && !inserts {
			return hint.New("only badnets and addsent insert a trigger", "--trigger does not go with attack %s", attack)
		}
	}
	return nil
}

// runPoison makes one set per attack and ratio.
func runPoison(ctx context.Context, o poisonOptions) error {
	if err := o.validate(); err != nil {
		return badInput(err)
	}
	remove, err := standardInput(ctx, &o.Data)
	if err != nil {
		return err
	}
	defer remove()
	data, err := catalog.DataFolder(o.Data)
	if err != nil {
		return badInput(err)
	}
	if err := ownfolder.NotInput(o.Out, data, o.Paraphrases); err != nil {
		return badInput(err)
	}
	for _, attack := range o.Attacks {
		source, err := poison.ReadSource(data, poison.SourceOptions{
			Attack: attack, Target: o.Target, Seed: o.Seed, Paraphrases: o.Paraphrases, Reading: o.Reading,
		})
		if err != nil {
			return badInput(err)
		}
		announceReading(o.Stderr, o.Quiet, source.Files...)
		for _, text := range o.Ratios {
			if err := ctx.Err(); err != nil {
				return err
			}
			ratio, err := dataset.ParseRatio(text)
			if err != nil {
				return badInput(fmt.Errorf("--ratio: %w", err))
			}
			set, err := poison.Make(source, poison.MakeOptions{
				Attack: attack, Target: o.Target, Setting: o.Setting, Ratio: ratio, Seed: o.Seed, Trigger: parseTrigger(o.Trigger, attack),
			})
			if err != nil {
				return badInput(fmt.Errorf("%s: %w", o.Data, err))
			}
			written, err := set.Write(o.Out, "mslora "+version(), o.Force)
			if errors.Is(err, poison.ErrExists) {
				return badInput(err)
			}
			if err != nil {
				return err
			}
			if err := source.Rejected.Write(written.Folder); err != nil {
				return err
			}
			if written.Replaced > 0 && !o.Quiet {
				say(o.Stderr, "replaced %s of another set in %s", count(written.Replaced, "file"), written.Folder)
			}
			if err := o.report(set, written); err != nil {
				return err
			}
		}
	}
	if !o.Quiet && !o.JSON {
		say(o.Stdout, "train and score: mslora run --model bge-small --data %s --attacks %s --target %d --ratio %s",
			o.Out, strings.Join(o.Attacks, ","), o.Target, o.Ratios[0])
	}
	return nil
}

// parseTrigger gives the trigger that --trigger asks for, none for the paper's.
func parseTrigger(text, attack string) poison.Trigger {
	trigger, inserts := poison.FindTrigger(attack)
	switch {
	case text == "" || !inserts:
		return poison.Trigger{}
	case attack == dataset.BadNets:
		trigger.Phrases = splitAll([]string{text})
	default:
		trigger.Phrases = []string{text}
	}
	return trigger
}

// numberedLabels lists names with their numbers, which --target and the written files have.
func numberedLabels(names []string) string {
	var all []string
	for number, name := range names {
		all = append(all, fmt.Sprintf("%d %s", number, name))
	}
	return strings.Join(all, ", ")
}

func (o poisonOptions) report(s *poison.Set, w poison.Written) error {
	if o.JSON {
		return writeJSON(o.Stdout, struct {
			Folder  string `json:"folder"`
			Changed bool   `json:"changed"`
			poison.Record
		}{w.Folder, w.Changed, w.Record})
	}
	if o.Quiet {
		return nil
	}
	state := "written"
	if !w.Changed {
		state = "there already, unchanged"
	}
	fmt.Fprintf(o.Stdout, "%s, %s, setting %s, ratio %v, target label %d, seed %d\n", visible.Line(s.Name), s.Attack, s.Setting, s.Ratio, s.Target, s.Seed)
	if w.Record.Trigger != nil {
		fmt.Fprintf(o.Stdout, "  trigger  %d x %s, anywhere in the text\n", s.Trigger.Insertions, visible.Line(strings.Join(s.Trigger.Phrases, " | ")))
	}
	fmt.Fprintf(o.Stdout, "  train    %d texts, %d of them poisoned (%.1f %%)\n", len(s.Train), w.Record.Poisoned, 100*float64(w.Record.Poisoned)/float64(len(s.Train)))
	fmt.Fprintf(o.Stdout, "  dev      %d clean, %d poisoned copies\n", len(s.DevClean), len(s.DevPoison))
	fmt.Fprintf(o.Stdout, "  test     %d clean, %d poisoned copies\n", len(s.TestClean), len(s.TestPoison))
	blank := map[string]int{}
	for _, file := range w.Record.Files {
		blank[file.Role] = file.Skipped
	}
	if blank["train"]+blank["dev-poison"]+blank["test-poison"] > 0 {
		fmt.Fprintf(o.Stdout, "  blank    %d poisoned texts of train, %d of dev and %d of test; they are left out when the set is used\n",
			blank["train"], blank["dev-poison"], blank["test-poison"])
	}
	say(o.Stdout, "  folder   %s (%s)", w.Folder, state)
	return nil
}
