package main

import (
	"fmt"
	"io"
	"strings"
	"text/tabwriter"

	"github.com/urfave/cli/v2"

	"mslora/catalog"
	"mslora/internal/hint"
	"mslora/internal/visible"
	"mslora/poison"
)

// checkSets is `mslora poison --check`.
func checkSets(c *cli.Context) error {
	folder, err := catalog.DataFolder(c.String("check"))
	if err != nil {
		return badInput(err)
	}
	for _, flag := range []string{"data", "paraphrases", "out", "seed", "force"} {
		if c.IsSet(flag) {
			return badInput(hint.New("--check only reads; leave --"+flag+" out", "--check does not go with --%s", flag))
		}
	}
	options := poison.CheckOptions{Setting: c.String("setting")}
	for flag, target := range map[string]*string{"attack": &options.Attack, "ratio": &options.Ratio} {
		switch values := splitAll(c.StringSlice(flag)); {
		case len(values) > 1:
			return badInput(hint.New("give one, or none to check all", "--check takes one --%s, not %d", flag, len(values)))
		case len(values) == 1:
			*target = values[0]
		}
	}
	if c.IsSet("target") {
		options.Target = new(c.Int("target"))
	}
	if text := c.String("trigger"); text != "" {
		options.Trigger = parseTrigger(text, options.Attack)
		if options.Trigger.Insertions == 0 {
			return badInput(hint.New("give --attack badnets or --attack addsent with it", "--trigger needs an attack that inserts it"))
		}
	}
	report, err := poison.Check(folder, options)
	if err != nil {
		return badInput(err)
	}
	switch {
	case c.Bool("json"):
		err = writeJSON(c.App.Writer, report)
	case !c.Bool("quiet"):
		err = printReport(c.App.Writer, report)
	}
	if err != nil {
		return err
	}
	if n := len(report.Problems); n > 0 {
		for _, problem := range report.Problems {
			if !c.Bool("json") {
				fmt.Fprintf(c.App.ErrWriter, "problem: %s\n", visible.Line(problem))
			}
		}
		return badInput(hint.New("make the set again with `mslora poison` or get it again, or mend the rows", "%s: %s", folder, count(n, "problem")))
	}
	return nil
}

// count says how many: 1 problem, 2 problems.
func count(n int, what string) string {
	if n != 1 {
		what += "s"
	}
	return fmt.Sprintf("%d %s", n, what)
}

// printReport prints the columns of the paper's table 5, the poisoned texts, and the warnings.
func printReport(out io.Writer, r *poison.Report) error {
	if len(r.Sets) > 0 {
		table := tabwriter.NewWriter(out, 0, 0, 2, ' ', tabwriter.AlignRight)
		fmt.Fprintln(table, "data set\tattack\ttarget\tpoison\tclasses\ttrain\ttest\tdev\tmean words\tpoisoned: train\ttest\tdev\t")
		for _, s := range r.Sets {
			poisoned := visible.Line(strings.TrimSpace(s.Setting + " " + s.Ratio))
			if poisoned == "" {
				poisoned = "-"
			}
			fmt.Fprintf(table, "%s\t%s\t%d\t%s\t%d\t%d\t%d\t%d\t%.1f\t%d\t%d\t%d\t\n", visible.Line(s.Dataset), visible.Line(s.Attack), s.Target, poisoned,
				s.Classes, s.Train, s.Test, s.Dev, s.MeanWords, s.PoisonedTrain, s.PoisonedTest, s.PoisonedDev)
		}
		if err := table.Flush(); err != nil {
			return err
		}
	}
	for _, warning := range r.Warnings {
		warn(out, warning)
	}
	if len(r.Problems) == 0 {
		fmt.Fprintf(out, "no problems, %s\n", count(len(r.Warnings), "warning"))
	}
	return nil
}
