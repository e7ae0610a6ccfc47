package main

import (
	"fmt"
	"io"
	"strings"

	"github.com/urfave/cli/v2"

	"mslora/dataset"
	"mslora/internal/visible"
)

// readingFlags say how data files are to be read, for every command that reads some.
func readingFlags() []cli.Flag {
	const category, found = "reading files", "found out"
	return []cli.Flag{
		&cli.StringFlag{Name: "text-column", Usage: "`NAME` of the column, or JSON key, with the text, or its number from 1; several with commas are joined", DefaultText: found, Category: category},
		&cli.StringFlag{Name: "label-column", Usage: "`NAME` of the column, or JSON key, with the label, or its number from 1", DefaultText: found, Category: category},
		&cli.StringFlag{Name: "label-names", Usage: "`FILE` of names for labels: 0,negative on each line, or names alone, numbered from 0", DefaultText: "none", Category: category},
		&cli.StringFlag{Name: "delimiter", Usage: "what parts columns: comma, tab, semicolon or pipe", DefaultText: found, Category: category},
		&cli.StringFlag{Name: "quoting", Usage: "csv: fields may stand in double quotes; plain: quotes are characters like others", DefaultText: found, Category: category},
		&cli.BoolFlag{Name: "no-header", Usage: "the first line is a row and does not name the columns", Category: category},
		&cli.StringFlag{Name: "encoding", Usage: "`NAME` such as utf-8, utf-16le, latin-1 or gb18030", DefaultText: found, Category: category},
		&cli.BoolFlag{Name: "skip-empty", Usage: "leave out rows without text, and count them", Category: category},
		&cli.BoolFlag{Name: "skip-bad", Usage: "leave out rows that cannot be used, and count them", Category: category},
	}
}

// readingFromFlags reads readingFlags.
func readingFromFlags(c *cli.Context) (r dataset.Reading, err error) {
	r = dataset.Reading{
		Text: c.String("text-column"), Label: c.String("label-column"), Encoding: c.String("encoding"),
		NoHeader: c.Bool("no-header"), SkipEmpty: c.Bool("skip-empty"), SkipBad: c.Bool("skip-bad"),
	}
	if r.Delimiter, err = dataset.ParseDelimiter(c.String("delimiter")); err != nil {
		return r, fmt.Errorf("--delimiter: %w", err)
	}
	if r.Quoting, err = dataset.ParseQuoting(c.String("quoting")); err != nil {
		return r, fmt.Errorf("--quoting: %w", err)
	}
	if path := c.String("label-names"); path != "" {
		if r.LabelNames, err = dataset.ReadLabelNames(path); err != nil {
			return r, fmt.Errorf("--label-names: %w", err)
		}
	}
	return r, nil
}

// announceReading says how files were read, where that had to be guessed, and what was left out of them. Each file is named once.
func announceReading(out io.Writer, quiet bool, files ...dataset.File) {
	said := map[string]bool{}
	for _, file := range files {
		if said[file.Path] {
			continue
		}
		said[file.Path] = true
		if file.Understood != "" && !quiet {
			fmt.Fprintln(out, visible.Line(fmt.Sprintf("%s: read as %s", file.Path, file.Understood)))
		}
		if file.Classes != nil && !quiet {
			fmt.Fprintln(out, visible.Line(fmt.Sprintf("%s: labels are numbered: %s", file.Path, numberedLabels(file.Classes))))
		}
		for _, w := range file.Warnings {
			warn(out, file.Path+": "+w)
		}
		if file.Bad > 0 {
			warn(out, fmt.Sprintf("%s: %s left out that cannot be used (--skip-bad): %s%s", file.Path, count(file.Bad, "row"), strings.Join(file.LeftOut, "; "),
				map[bool]string{true: "; and others"}[file.Bad > len(file.LeftOut)]))
		}
		if file.Nothing > 0 {
			warn(out, fmt.Sprintf("%s: %s a word such as nan or null, which programs write where there is no text", file.Path, isOrAre(file.Nothing, "text")))
		}
		if file.Empty > 0 {
			warn(out, fmt.Sprintf("%s: %s without text left out (--skip-empty)", file.Path, count(file.Empty, "row")))
		}
	}
}

// isOrAre is "1 text is" or "2 texts are".
func isOrAre(n int, what string) string {
	if n == 1 {
		return "1 " + what + " is"
	}
	return count(n, what) + " are"
}
