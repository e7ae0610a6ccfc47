package main

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"strconv"

	"mslora/audit"
	"mslora/catalog"
	"mslora/dataset"
	"mslora/eval"
	"mslora/experiment"
	"mslora/internal/hint"
	"mslora/internal/spreadsheet"
	"mslora/internal/visible"
	"mslora/ortrain"
	"mslora/suspicion"
)

// searched is a data set in which poisoned texts are looked for, without any training.
type searched struct {
	labels         []string // names of the labels, by number
	texts, trusted []dataset.NamedText
	file, clean    dataset.File
	found          suspicion.Result
	order          []int // of texts, the most suspicious first
}

// mostLabels bounds how many labels are searched one by one.
const mostLabels = 200

// searchRecord is verdict.json.
type searchRecord struct {
	Schema    int                 `json:"schema"` // 1
	Data      string              `json:"data"`
	Texts     int                 `json:"texts"`
	Limit     int                 `json:"limit,omitempty"` // texts that were drawn from data, 0: all
	Trusted   int                 `json:"trusted"`
	TrustedOf []int               `json:"trusted_of_labels"`
	Model     string              `json:"model"`
	Seed      uint64              `json:"seed"`
	Precision string              `json:"precision"` // in which texts were read
	Labels    []string            `json:"labels"`    // names, by number
	Confirmed float64             `json:"confirmed"` // share of labels that a first classifier of meaning confirms
	Attacked  []suspicion.Finding `json:"attacked"`
	Suspected int                 `json:"suspected"` // texts
	Scores    *audit.Detection    `json:"scores,omitempty"`
	Versions  map[string]string   `json:"versions"`
	Checksums map[string]string   `json:"checksums"` // SHA-256
}

// search looks for poisoned texts with a pretrained model and, if there are some, trusted texts.
func (o auditOptions) search(ctx context.Context, device ortrain.Device) error {
	folder, err := catalog.ModelFolder(o.Model)
	if err != nil {
		return badInput(err)
	}
	s, err := o.readSearched()
	if err != nil {
		return badInput(err)
	}
	model, err := experiment.OpenPretrained(folder, o.Graphs, device)
	if err != nil {
		return badInput(err)
	}
	defer model.Close()
	if err := auditFolder.Claim(o.Out); err != nil {
		return err
	}
	if err := o.Reading.Rejected.Write(o.Out); err != nil {
		return err
	}
	progress := func(format string, values ...any) {
		if !o.Quiet {
			say(o.Stderr, format, values...)
		}
	}
	progress("reading %d texts with %s", len(s.texts), o.Model)
	see := func(texts []dataset.NamedText) ([]suspicion.Text, error) {
		plain, labels := make([]string, len(texts)), make([]int, len(texts))
		for i, t := range texts {
			plain[i], labels[i] = t.Text, slices.Index(s.labels, t.Label)
		}
		return suspicion.See(ctx, plain, labels, model.Vectors)
	}
	texts, err := see(s.texts)
	if err != nil {
		return err
	}
	trusted, err := see(s.trusted)
	if err != nil {
		return err
	}
	s.found, err = suspicion.Find(ctx, texts, trusted, suspicion.Options{
		Classes: len(s.labels), Seed: o.Audit.Seed, Threads: device.Threads,
		Progress: func(label, of int) { progress("looking for poisoned texts: label %d of %d", label+1, of) },
	})
	if err != nil {
		return badInput(err)
	}
	for i := range s.texts {
		s.order = append(s.order, i)
	}
	slices.SortStableFunc(s.order, func(a, b int) int { return cmp.Compare(s.found.Odds[b], s.found.Odds[a]) })
	record := searchRecord{
		Schema: 1, Data: filepath.Base(o.Data), Texts: len(s.texts), Limit: o.Limit, Trusted: len(s.trusted), TrustedOf: perLabel(s.trustedLabels(), len(s.labels)), Model: o.Model, Seed: o.Audit.Seed, Precision: o.Precision,
		Labels: s.labels, Confirmed: s.found.Confirmed, Attacked: s.found.Findings(texts), Versions: experiment.Versions(),
	}
	if record.Checksums, err = model.Checksums(); err != nil {
		return err
	}
	record.Checksums["data"] = s.file.SHA256
	if o.Clean != "" {
		record.Checksums["trusted"] = s.clean.SHA256
	}
	var flags []bool
	for i, t := range texts {
		flags = append(flags, s.texts[i].Poisoned)
		if s.found.Suspected(t.Label, i) {
			record.Suspected++
		}
	}
	if o.Reading.Flag != "" {
		scores := audit.Detect(s.found.Odds, flags)
		record.Scores = &scores
	}
	if err := o.writeSearched(s, record); err != nil {
		return err
	}
	return o.summarizeSearched(s, record)
}

// readSearched reads the texts and the trusted ones. Labels are numbered in the order of their names.
func (o auditOptions) readSearched() (*searched, error) {
	s := &searched{}
	seen := map[string]bool{}
	sample := dataset.NewSample[dataset.NamedText](o.Limit, o.Audit.Seed)
	var err error
	s.file, err = dataset.EachNamed(o.Data, o.Reading, func(t dataset.NamedText) error {
		seen[t.Label] = true
		sample.Add(t.Label, t)
		return nil
	})
	if err != nil {
		return nil, err
	}
	for label := range seen {
		s.labels = append(s.labels, label)
	}
	slices.Sort(s.labels)
	if n := len(s.labels); n < 2 || n > mostLabels {
		return nil, hint.New("name the right column with --label-column", "%s has %d different labels, 2 to %d are searched", o.Data, n, mostLabels)
	}
	s.texts = sample.Rows()
	poisoned := 0
	for _, t := range s.texts {
		if t.Poisoned {
			poisoned++
		}
	}
	if err := o.checkFlags(poisoned, len(s.texts)); err != nil {
		return nil, err
	}
	if o.Clean == "" {
		announceReading(o.Stderr, o.Quiet, s.file)
		return s, suspicion.Check(len(s.texts), nil)
	}
	reading := o.Reading
	reading.Flag = ""
	s.clean, err = dataset.EachNamed(o.Clean, reading, func(t dataset.NamedText) error {
		if !seen[t.Label] {
			return dataset.BadRow(hint.New("trusted texts have the labels of --data", "%s has no label %s", o.Data, hint.Quote(t.Label)))
		}
		s.trusted = append(s.trusted, t)
		return nil
	})
	if err != nil {
		return nil, err
	}
	if s.clean.SHA256 == s.file.SHA256 {
		return nil, hint.New("give texts that you trust, from elsewhere or read one by one; a file that may be poisoned vouches for nothing",
			"--clean and --data are the same file: %s", o.Clean)
	}
	if err := suspicion.Check(len(s.texts), s.trustedLabels()); err != nil {
		return nil, err
	}
	s.clean.Warnings = append(s.clean.Warnings, dataset.TrustWarnings(o.Clean, s.trusted, o.Data, s.texts)...)
	announceReading(o.Stderr, o.Quiet, s.file, s.clean)
	return s, nil
}

// trustedLabels are the numbers of the trusted texts' labels.
func (s *searched) trustedLabels() []int {
	labels := make([]int, len(s.trusted))
	for i, t := range s.trusted {
		labels[i] = slices.Index(s.labels, t.Label)
	}
	return labels
}

func (o auditOptions) writeSearched(s *searched, record searchRecord) error {
	return o.leave(
		written{poisonFile, func(out io.Writer) error { return s.writeTexts(out, o.Excel) }},
		written{leftFile, func(out io.Writer) error {
			return writeLeft(out, len(s.texts), func(i int) (text, label string, suspected bool) {
				return s.texts[i].Text, s.texts[i].Label, s.suspected(i)
			})
		}},
		written{triggersFile, func(out io.Writer) error { return writeFoundTriggers(out, record.Attacked, s.labels, o.Excel) }},
		written{reportFile, o.searchPage(s, record).Write},
		indented(verdictFile, record))
}

func (s *searched) suspected(i int) bool {
	return s.found.Suspected(slices.Index(s.labels, s.texts[i].Label), i)
}

// writeTexts writes a line for each text, the most suspicious first, for people.
func (s *searched) writeTexts(out io.Writer, excel bool) error {
	w := spreadsheet.New(out, excel)
	w.Write("rank", "line", "suspected", "log_odds", "label", "pattern", "raw_pattern", "text")
	for rank, i := range s.order {
		t, raw := s.texts[i], s.found.Pattern[i]
		w.Write(strconv.Itoa(rank+1), strconv.Itoa(t.Line), strconv.FormatBool(s.suspected(i)), strconv.FormatFloat(s.found.Odds[i], 'f', 4, 64),
			visible.Cell(t.Label), visible.Cell(suspicion.InWords(raw)), visible.Cell(raw), visible.Cell(t.Text))
	}
	return w.Flush()
}

// mostCharacters of a text are shown on a line.
const mostCharacters = 100

func shortened(text string) string {
	if characters := []rune(text); len(characters) > mostCharacters {
		return string(characters[:mostCharacters-1]) + "…"
	}
	return text
}

// leastConfirmed is the share of confirmed labels below which a search knows too little of the task.
const leastConfirmed = 0.6

// doubts tell why the search rests on less than it could.
func (r searchRecord) doubts() (doubts []string) {
	doubts = trusting{searched: true}.warnings(r.Labels, r.TrustedOf)
	if r.Confirmed < leastConfirmed {
		doubts = append(doubts, fmt.Sprintf("what texts mean confirms only %.0f %% of the labels, so the search knows little of the task; give more trusted texts or another --model",
			100*r.Confirmed))
	}
	return doubts
}

// verdict says in sentences whether the labels look poisoned, and how sure that is.
func (r searchRecord) verdict() []string {
	sentences := eval.Purified{Texts: r.Texts, Trusted: r.Trusted, Dropped: r.Suspected, Attacked: r.Attacked}.Verdict(r.Labels, true)
	return append(sentences, suspicion.Sure(len(r.Attacked) > 0, r.Trusted))
}

func (o auditOptions) summarizeSearched(s *searched, r searchRecord) error {
	warn(o.Stderr, r.doubts()...)
	switch {
	case o.JSON:
		return writeJSON(o.Stdout, r)
	case o.Quiet:
		return nil
	}
	for _, sentence := range r.verdict() {
		say(o.Stdout, "%s", sentence)
	}
	for _, f := range r.Attacked {
		for _, row := range f.Typical {
			say(o.Stdout, "  line %d: %s", s.texts[row].Line, shortened(s.texts[row].Text))
		}
	}
	if r.Scores != nil {
		fmt.Fprintf(o.Stdout, "AUROC %.4f, precision at the number of poisoned texts %.4f\n", r.Scores.AUROC, r.Scores.Precision)
	}
	say(o.Stdout, "%d of %d texts are suspected: %s has them first, %s the others; begin with %s: this is a suspicion, no proof",
		r.Suspected, r.Texts, filepath.Join(o.Out, poisonFile), filepath.Join(o.Out, leftFile), filepath.Join(o.Out, reportFile))
	return nil
}
