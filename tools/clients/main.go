// Command clients lets the usual programs that read a classifier answer 200 texts and compares their probabilities with those of
// `mslora predict`. It also runs the Python examples of the model card and of docs/train.md. What cannot be set up is skipped with a line
// that begins with SKIPPED.
//
// usage: clients [-only NAMES] [-limit TIME] [-write docs/clients.md] CLASSIFIER BASE
//
// It runs in the repository's root. CLASSIFIER is a folder that `mslora train` made from the model in BASE.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"

	"mslora/internal/hint"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	only := flag.String("only", "", "run the clients with these `NAMES` alone, between commas")
	write := flag.String("write", "", "put what is measured into the table of this `PAGE`; other rows stay")
	limit := flag.Duration("limit", 0, "skip what is not done after this `TIME`, such as 6m; 0 for no limit")
	flag.Parse()
	if flag.NArg() != 2 {
		fmt.Fprintln(os.Stderr, "error: expected a classifier and its base model\nhint: make test-clients")
		os.Exit(2)
	}
	if err := run(ctx, flag.Arg(0), flag.Arg(1), *only, *write, *limit); err != nil {
		fmt.Fprintln(os.Stderr, "error:", err)
		var withHint *hint.Error
		if errors.As(err, &withHint) {
			fmt.Fprintln(os.Stderr, "hint:", withHint.Hint)
		}
		os.Exit(1)
	}
}

func run(ctx context.Context, folder, base, only, page string, limit time.Duration) error {
	work, err := os.MkdirTemp("", "clients")
	if err != nil {
		return err
	}
	defer os.RemoveAll(work)
	if folder, err = filepath.Abs(folder); err != nil {
		return err
	}
	if base, err = filepath.Abs(base); err != nil {
		return err
	}
	asked := asking{folder: folder, base: base, work: work}
	if err := asked.predict(ctx); err != nil {
		return err
	}
	timed := ctx
	if limit > 0 {
		var cancel context.CancelFunc
		timed, cancel = context.WithTimeout(ctx, limit)
		defer cancel()
	}
	var failed []error
	for _, c := range clients {
		if only != "" && !slices.Contains(strings.Split(only, ","), c.name) {
			continue
		}
		began := time.Now()
		row, err := asked.measure(timed, c)
		var skip *skipError
		switch {
		case ctx.Err() != nil:
			return ctx.Err()
		case errors.As(err, &skip):
			fmt.Printf("SKIPPED: %s: %v\n", c.name, skip)
		case err != nil:
			fmt.Printf("FAILED: %v\n", err)
			failed = append(failed, err)
		default:
			fmt.Printf("%s %s: %d texts, differences up to %s, on longer texts %s (%.0f s)\n",
				c.name, row.version, row.texts, short(row.others), short(row.longer), time.Since(began).Seconds())
			if page != "" { // at once, so that a run that is broken off keeps what it measured
				failed = append(failed, writeTable(page, row))
			}
		}
	}
	if only == "" {
		err := asked.examples(timed)
		if skip := new(skipError); errors.As(err, &skip) {
			fmt.Printf("SKIPPED: examples in Python: %v\n", skip)
			err = nil
		}
		failed = append(failed, err)
	}
	return errors.Join(failed...)
}

// asking is what every client is asked.
type asking struct {
	folder, base, work string
	texts              []text
	want               []answer // what mslora predict says
}

// predict makes the texts and lets `mslora predict` answer them.
func (a *asking) predict(ctx context.Context) error {
	a.texts = makeTexts()
	var lines strings.Builder
	for _, text := range a.texts {
		line, err := json.Marshal(map[string]string{"text": text.content})
		if err != nil {
			return err
		}
		lines.Write(append(line, '\n'))
	}
	file := filepath.Join(a.work, "texts.jsonl")
	if err := os.WriteFile(file, []byte(lines.String()), 0o644); err != nil {
		return err
	}
	printed, err := output(ctx, ".", nil, "bin/mslora", "predict", a.folder, file, "--json")
	if err != nil {
		return err
	}
	a.want, err = readPredictions(printed)
	return err
}
