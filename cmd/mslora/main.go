// Command mslora trains clean text classifiers on data that somebody may have poisoned (MuScleLoRA,
// Wu et al. 2024) and scores them.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"

	"github.com/urfave/cli/v2"

	"mslora/internal/hint"
	"mslora/internal/visible"
)

// say prints a line, what it quotes of files and their names made visible.
func say(out io.Writer, format string, values ...any) {
	fmt.Fprintln(out, visible.Line(fmt.Sprintf(format, values...)))
}

// warn prints warnings, one a line, what they quote of files made visible.
func warn(stderr io.Writer, texts ...string) {
	for _, text := range texts {
		say(stderr, "warning: %s", text)
	}
}

// sayHint prints how to mend an error, if it says so.
func sayHint(stderr io.Writer, err error) {
	var hinted *hint.Error
	if errors.As(err, &hinted) && hinted.Hint != "" {
		fmt.Fprintf(stderr, "hint: %s\n", visible.Lines(hinted.Hint))
	}
}

// notice warns of what a plan, or a place, is not made for; "" is nothing.
func notice(stderr io.Writer, text string) {
	if text != "" {
		warn(stderr, text)
	}
}

func main() { os.Exit(mainCode(os.Args, os.Stdout, os.Stderr)) }

func mainCode(arguments []string, stdout, stderr io.Writer) int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	// The first signal asks for a checkpoint; give a second one its usual effect, so that nobody is stuck.
	context.AfterFunc(ctx, stop)
	out := &output{Writer: stdout}
	app := newApp(out, stderr)
	err := app.RunContext(ctx, flagsFirst(app, arguments))
	if out.err != nil && !errors.Is(err, context.Canceled) {
		err = out.err // whatever a library made of it
	}
	command := ""
	if len(arguments) > 1 {
		command = arguments[1]
	}
	return exitCode(ctx, command, err, stderr)
}

func newApp(stdout, stderr io.Writer) *cli.App {
	// A version is asked for to describe an installation: a library that is missing is shown, and is no error.
	cli.VersionPrinter = func(c *cli.Context) { _ = showVersions(c.App.Writer, "") }
	commands := []*cli.Command{trainCommand(), predictCommand(), serveCommand(), compareCommand(), auditCommand(), runCommand(), cellsCommand(), tableCommand(), figureCommand(), reproduceCommand(), reportCommand(), evalCommand(), exportCommand(), poisonCommand(), presetCommand(), fetchCommand(), doctorCommand()}
	for _, c := range commands {
		c.OnUsageError, c.HideHelpCommand = onUsageError, true
		for _, flag := range c.Flags {
			if b, ok := flag.(*cli.BoolFlag); ok {
				b.DisableDefaultText = true // a switch is off unless it is given
			}
		}
	}
	return &cli.App{
		Name:  "mslora",
		Usage: "train a clean text classifier on data that somebody may have poisoned",
		Description: "A classifier from your own file, and answers of it:\n" +
			"  mslora train --data reviews.csv --clean trusted.csv --out my-classifier\n" +
			"  mslora predict my-classifier --text \"a fine film\"\n\n" +
			"An experiment with attacks that are known:\n" +
			"  mslora poison --data reviews/ --attack badnets --out sets/reviews\n" +
			"  mslora run --model bge-small --data sets/reviews --attacks badnets --out runs/first\n\n" +
			"Exit codes: 0 done, 1 failed while running, 2 wrong usage, configuration or input,\n" +
			"130 interrupted (train, run and fetch go on where they stopped with the same command).",
		Version:                version(),
		Commands:               commands,
		Writer:                 stdout,
		ErrWriter:              stderr,
		HideHelpCommand:        true,
		Suggest:                true,
		UseShortOptionHandling: true,
		// A comma in `predict --text` belongs to the text. Flags whose values are lists split them with splitAll.
		DisableSliceFlagSeparator: true,
		ExitErrHandler:            func(*cli.Context, error) {}, // mainCode prints
		OnUsageError:              onUsageError,
		Action: func(c *cli.Context) error {
			if c.Args().Present() {
				return badInput(hint.New("`mslora --help` lists them", "unknown command %q", c.Args().First()))
			}
			return cli.ShowAppHelp(c)
		},
	}
}

func onUsageError(c *cli.Context, err error, _ bool) error {
	return badInput(&hint.Error{Err: err, Hint: fmt.Sprintf("`mslora %s --help` shows the flags", c.Command.Name)})
}
