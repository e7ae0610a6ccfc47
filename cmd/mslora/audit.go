package main

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"path/filepath"
	"slices"

	"github.com/urfave/cli/v2"

	"mslora/audit"
	"mslora/classifier"
	"mslora/dataset"
	"mslora/experiment"
	"mslora/graphs"
	"mslora/internal/hint"
	"mslora/internal/ortlib"
	"mslora/ortrain"
	"mslora/params"
)

// auditOptions is what `mslora audit` was asked for.
type auditOptions struct {
	Folder   string // of the clean classifier, "": poisoned texts are searched without one
	Clean    string // file of trusted texts, for a search without a classifier; "": there are none
	Vanilla  string // folder of a vanilla one, "": it is trained in Out
	Data     string
	Reading  dataset.Reading // with flags if the audit is to be scored
	Limit    int             // texts drawn from Data, 0: all
	Out      string
	CleanOut string // file for a copy of left.csv, "": none
	Model    string // what the vanilla classifier starts from, "": as the clean one
	Epochs   int    // of the vanilla classifier, 0: as many as its texts need
	Audit    audit.Options
	Excel    bool
	JSON     bool
	Quiet    bool
	Device   string
	Threads  int
	// Precision is that in which texts are read; the vanilla classifier, all of whose weights are trained, is trained in float32.
	Precision string
	Graphs    graphs.Store
	Library   string
	Stdout    io.Writer
	Stderr    io.Writer
}

func auditCommand() *cli.Command {
	return &cli.Command{
		Name:  "audit",
		Usage: "look for poisoned texts in a data set, before training or with a classifier made of it",
		UsageText: "mslora audit --data reviews.csv --clean trusted.csv --out audit\n" +
			"mslora audit my-classifier --data reviews.csv --out audit",
		Description: "Without a classifier it searches the texts for poisoned ones, in a minute and without any training: it says which\n" +
			"label looks poisoned, by about how many texts, and what these have in common. With texts that you trust (--clean)\n" +
			"it finds less plain attacks, too. Leaves report.html to begin with, poison.csv, all texts with the most suspicious\n" +
			"first, left.csv, those that are not suspected, ready for training, and verdict.json.\n\n" +
			"With a classifier's folder it compares that clean classifier with a vanilla one, trained on the same texts without\n" +
			"defence: which labels only the vanilla one believes, and which words and phrases, put into texts of other labels,\n" +
			"move only the vanilla one. Leaves report.html, suspects.csv, all texts with the most suspicious first, triggers.csv,\n" +
			"the phrases that were tested, left.csv and audit.json.\n\n" +
			"A high rank is a reason to read a text, no proof. docs/audit.md tells how good it is.",
		Flags: append([]cli.Flag{
			&cli.StringFlag{Name: "data", Usage: "`FILE` of training texts; - is standard input"},
			&cli.StringFlag{Name: "clean", Usage: "`FILE` of texts that you trust, for the search without a classifier", DefaultText: "none"},
			&cli.StringFlag{Name: "vanilla", Usage: "`FOLDER` of a classifier of the same texts made with `mslora train --method vanilla`", DefaultText: "trained in OUT/vanilla"},
			&cli.StringFlag{Name: "model", Usage: "pretrained model to train the vanilla classifier from, or to search with", DefaultText: "the classifier's; bge-small without one"},
			&cli.IntFlag{Name: "limit", Usage: "audit `N` texts drawn from --data: those that `mslora train` drew with the same --limit and --seed", DefaultText: "all"},
			&cli.IntFlag{Name: "epochs", Usage: "passes over the texts that train the vanilla classifier", DefaultText: "1 for 5000 texts or more, up to 5 for fewer"},
			&cli.StringFlag{Name: "score-column", Usage: "`NAME` of a column, or JSON key, that says with 1 or 0 which texts are poisoned: scores the audit", DefaultText: "none"},
			&cli.IntFlag{Name: "candidates", Usage: "test `N` words and phrases for each label", Value: 100},
			&cli.IntFlag{Name: "probes", Usage: "insert each into `N` texts of other labels", Value: 32},
			&cli.Uint64Flag{Name: "seed", Usage: "random seed", Value: 42},
			&cli.StringFlag{Name: "out", Usage: "`FOLDER` for what is found: a new or empty one, or one that `mslora audit` made"},
			&cli.StringFlag{Name: "clean-out", Usage: "write left.csv to `FILE`, too: a new one, or the copy that the audit in --out made", DefaultText: "none"},
			&cli.BoolFlag{Name: "excel", Usage: "CSV files for Excel: a byte order mark, and a mark where a text is too long for a cell"},
			&cli.BoolFlag{Name: "json", Usage: "print audit.json, or verdict.json, instead of a summary"},
			&cli.BoolFlag{Name: "quiet", Usage: "print nothing but warnings"},
			&cli.StringFlag{Name: "device", Usage: "cpu, cuda or cuda:N", Value: "cpu"},
			&cli.IntFlag{Name: "threads", Usage: "CPU threads", DefaultText: "all cores"},
			graphsFlag(),
			&cli.StringFlag{Name: "precision", Usage: precisionUsage, Value: ortrain.PrecisionFloat32},
			&cli.StringFlag{Name: "onnxruntime", Usage: "`PATH` of libonnxruntime", DefaultText: "searched, see `mslora doctor`"},
		}, readingFlags()...),
		Action: func(c *cli.Context) error {
			if c.NArg() > 1 {
				return badInput(hint.New("for example: mslora audit my-classifier --data reviews.csv --out audit; or, without one: mslora audit --data reviews.csv --clean trusted.csv --out audit",
					"give one classifier's folder, or none, not %d", c.NArg()))
			}
			store, err := graphStore(c)
			if err != nil {
				return badInput(err)
			}
			reading, err := readingFromFlags(c)
			if err != nil {
				return badInput(err)
			}
			reading.Flag = c.String("score-column")
			return runAudit(c.Context, auditOptions{
				Folder: c.Args().First(), Clean: c.String("clean"), Vanilla: c.String("vanilla"), Data: c.String("data"), Out: c.String("out"), CleanOut: c.String("clean-out"),
				Reading: reading,
				Limit:   c.Int("limit"), Model: c.String("model"), Epochs: c.Int("epochs"),
				Audit: audit.Options{Candidates: c.Int("candidates"), Probes: c.Int("probes"), Seed: c.Uint64("seed")},
				Excel: c.Bool("excel"), JSON: c.Bool("json"), Quiet: c.Bool("quiet"), Device: c.String("device"), Threads: c.Int("threads"),
				Precision: c.String("precision"),
				Graphs:    store, Library: c.String("onnxruntime"), Stdout: c.App.Writer, Stderr: c.App.ErrWriter,
			})
		},
	}
}

func (o auditOptions) validate() error {
	switch {
	case o.Data == "":
		return hint.New("the .csv, .tsv or .jsonl file that the classifier was trained on", "--data is missing")
	case o.Out == "":
		return hint.New("a folder for suspects.csv and triggers.csv, for example audit", "--out is missing")
	case o.Folder != "" && o.Clean != "":
		return hint.New("leave the classifier out to search with trusted texts, or --clean to compare classifiers", "give a classifier or --clean, not both")
	case o.Folder == "" && o.Vanilla != "":
		return hint.New("name the clean classifier, too", "--vanilla is compared with a classifier")
	case o.Limit < 0:
		return negativeLimit(o.Limit)
	case o.Audit.Candidates < 1 || o.Audit.Probes < 1 || o.Epochs < 0:
		return hint.New("give 1 or more", "--candidates, --probes and --epochs cannot be below 1")
	}
	return nil
}

func runAudit(ctx context.Context, o auditOptions) error {
	if err := o.validate(); err != nil {
		return badInput(err)
	}
	remove, err := standardInput(ctx, &o.Data)
	if err != nil {
		return err
	}
	defer remove()
	if o.Folder == "" && o.Model == "" {
		o.Model = "bge-small"
	}
	if err := o.guard(); err != nil {
		return badInput(err)
	}
	if err := ortlib.Start(o.Library); err != nil {
		return badInput(err)
	}
	device, err := o.device()
	if err != nil {
		return badInput(err)
	}
	o.Precision = device.Precision()
	o.Reading.Rejected = &dataset.Rejected{}
	if o.Folder == "" {
		return o.search(ctx, device)
	}
	clean, err := classifier.Open(o.Folder, o.Graphs, device)
	if err != nil {
		return badInput(err)
	}
	defer clean.Close()
	texts, sum, err := o.read(clean.Labels)
	if err != nil {
		return badInput(err)
	}
	if err := auditFolder.Claim(o.Out); err != nil {
		return err
	}
	if err := o.Reading.Rejected.Write(o.Out); err != nil {
		return err
	}
	given := o.Vanilla != ""
	if !given {
		if o.Epochs == 0 {
			o.Epochs = epochsOf(len(texts))
		}
		if err := o.trainVanilla(ctx); err != nil {
			return err
		}
		o.Vanilla = filepath.Join(o.Out, vanillaFolder)
	}
	vanilla, err := classifier.Open(o.Vanilla, o.Graphs, device)
	if err != nil && given {
		return badInput(err)
	}
	if err != nil {
		return err
	}
	defer vanilla.Close()
	order, err := o.sameClasses(clean, vanilla)
	if err != nil {
		return badInput(err)
	}
	if !o.Quiet {
		o.Audit.Progress = func(message string) { say(o.Stderr, "%s", message) }
	}
	result, err := audit.Run(ctx, texts, len(clean.Labels), asModel(clean, nil), asModel(vanilla, order), o.Audit)
	if err != nil {
		return err
	}
	record, err := o.record(texts, clean.Labels, result, sum)
	if err != nil {
		return err
	}
	if o.Reading.Flag != "" {
		if record.Scores, err = score(ctx, texts, len(clean.Labels), result, vanilla); err != nil {
			return err
		}
	}
	if err := o.write(result, clean.Labels, record); err != nil {
		return err
	}
	return o.summarize(record)
}

// device is where texts are read.
func (o auditOptions) device() (ortrain.Device, error) {
	device, err := ortrain.ParseDevice(o.Device, o.Threads)
	if err != nil {
		return device, err
	}
	device, text, err := device.WithPrecision(o.Precision)
	notice(o.Stderr, text)
	return device, err
}

// read gives the texts with the classifier's numbers for their labels.
func (o auditOptions) read(labels []string) (texts []audit.Text, sum string, err error) {
	poisoned := 0
	sample := dataset.NewSample[audit.Text](o.Limit, o.Audit.Seed)
	file, err := dataset.EachNamed(o.Data, o.Reading, func(t dataset.NamedText) error {
		class := slices.Index(labels, t.Label)
		if class < 0 {
			return dataset.BadRow(hint.New("audit the texts that the classifier was trained on; its labels are in config.json",
				"%s has no label %q", o.Folder, t.Label))
		}
		sample.Add(t.Label, audit.Text{Text: t.Text, Label: class, Line: t.Line, Poisoned: t.Poisoned})
		return nil
	})
	if err == nil {
		announceReading(o.Stderr, o.Quiet, file)
	}
	texts = sample.Rows()
	for _, t := range texts {
		if t.Poisoned {
			poisoned++
		}
	}
	if err == nil {
		err = o.checkFlags(poisoned, len(texts))
	}
	return texts, file.SHA256, err
}

// checkFlags refuses to score a search for poisoned texts where there are none, or nothing else.
func (o auditOptions) checkFlags(poisoned, texts int) error {
	if o.Reading.Flag == "" || poisoned > 0 && poisoned < texts {
		return nil
	}
	return hint.New("leave --score-column out if nobody knows the poisoned texts", "%s: column %q calls %d of %d texts poisoned; scores need texts of both kinds",
		o.Data, o.Reading.Flag, poisoned, texts)
}

// epochsOf is how often a vanilla classifier sees its texts: until it has seen some 5,000, which is what it takes to learn a backdoor.
func epochsOf(texts int) int {
	const enough, most = 5000, 5
	return min(most, max(1, (enough+texts/2)/texts))
}

// trainVanilla makes OUT/vanilla, or goes on with it.
func (o auditOptions) trainVanilla(ctx context.Context) error {
	if o.Model == "" {
		cell, err := experiment.ReadCell(filepath.Join(o.Folder, trainingFolder))
		if errors.Is(err, fs.ErrNotExist) {
			return badInput(hint.New("name it with --model, or give a vanilla classifier with --vanilla",
				"%s does not say which pretrained model it was trained from", o.Folder))
		}
		if err != nil {
			return badInput(err)
		}
		o.Model = cell.ModelFolder
	}
	t := trainOptions{
		Own:    dataset.Own{Data: o.Data, Limit: o.Limit, Reading: o.Reading, Seed: o.Audit.Seed},
		Config: experiment.DefaultConfig(), Out: filepath.Join(o.Out, vanillaFolder), Quiet: o.Quiet || o.JSON, Library: o.Library,
		Stdout: io.Discard, Stderr: o.Stderr,
	}
	t.Config.Data, t.Config.Models, t.Config.Methods, t.Config.Seeds = []string{o.Data}, []string{o.Model}, []string{"vanilla"}, []uint64{o.Audit.Seed}
	t.Config.Reading = o.Reading
	t.Config.Out, t.Config.Graphs, t.Config.Device, t.Config.Threads = filepath.Join(t.Out, trainingFolder), o.Graphs, o.Device, o.Threads
	t.Config.Hyperparameters, t.Config.Limit = experiment.Axes{params.Epochs: {o.Epochs}}, experiment.List[int]{o.Limit}
	return train(ctx, t)
}

// sameClasses gives, for each of the clean classifier's classes, its number in the vanilla one.
func (o auditOptions) sameClasses(clean, vanilla *classifier.Classifier) ([]int, error) {
	order := make([]int, len(clean.Labels))
	for class, name := range clean.Labels {
		if order[class] = slices.Index(vanilla.Labels, name); order[class] < 0 || len(vanilla.Labels) != len(clean.Labels) {
			return nil, hint.New("train both on the same texts", "%s tells %q apart, %s %q", o.Folder, clean.Labels, o.Vanilla, vanilla.Labels)
		}
	}
	return order, nil
}

// asModel lets an audit ask a classifier; order, if any, renumbers its classes.
func asModel(c *classifier.Classifier, order []int) audit.Model {
	return func(ctx context.Context, texts []string) ([][]float64, error) {
		predictions, err := c.Predict(ctx, texts)
		if err != nil {
			return nil, err
		}
		probabilities := make([][]float64, len(predictions))
		for i, p := range predictions {
			probabilities[i] = p.Probabilities
			if order == nil {
				continue
			}
			probabilities[i] = make([]float64, len(order))
			for class, from := range order {
				probabilities[i][class] = p.Probabilities[from]
			}
		}
		return probabilities, nil
	}
}
