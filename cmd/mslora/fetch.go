package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/urfave/cli/v2"
	"golang.org/x/term"

	"mslora/catalog"
	"mslora/internal/hint"
	"mslora/internal/visible"
)

// fetchOptions is what `mslora fetch` was asked for.
type fetchOptions struct {
	Names    []string
	Out      string
	Endpoint string
	Offline  bool
	Force    bool
	Quiet    bool
	Stdout   io.Writer
	Stderr   io.Writer
}

func fetchCommand() *cli.Command {
	return &cli.Command{
		Name:      "fetch",
		Usage:     "get models and the authors' data sets by name; without a name, list them",
		UsageText: "mslora fetch\nmslora fetch bge-small sst-2",
		Description: "Models come from the public model hub, data sets from the authors' release. What was cut off goes on where\n" +
			"it stopped; every file is compared with its checksum (none are known of hsol); a folder appears when it is\n" +
			"complete. Models go to $MSLORA_MODELS or .deps/models, data sets to $MSLORA_DATA or .deps/data, where --model and --data find them.",
		Flags: []cli.Flag{
			&cli.StringFlag{Name: "out", Usage: "`FOLDER` for what is fetched, one name at a time: a new or empty one, or one that holds nothing but what was fetched", DefaultText: "where --model or --data looks first"},
			&cli.StringFlag{Name: "endpoint", Usage: "`URL` of another model hub or a mirror, or of another copy of the authors' poison_data", DefaultText: "$HF_ENDPOINT or $MSLORA_DATA_ENDPOINT, else the usual ones"},
			&cli.BoolFlag{Name: "offline", Usage: "download nothing, only check what is there"},
			&cli.BoolFlag{Name: "force", Usage: "replace files that were fetched and are not what they should be; no others"},
			&cli.BoolFlag{Name: "quiet", Usage: "print nothing"},
		},
		Action: func(c *cli.Context) error {
			return runFetch(c.Context, fetchOptions{
				Names: c.Args().Slice(), Out: c.String("out"), Endpoint: c.String("endpoint"), Offline: c.Bool("offline"),
				Force: c.Bool("force"), Quiet: c.Bool("quiet"), Stdout: c.App.Writer, Stderr: c.App.ErrWriter,
			})
		},
	}
}

func runFetch(ctx context.Context, o fetchOptions) error {
	if len(o.Names) == 0 {
		return listCatalog(o.Stdout)
	}
	if o.Out != "" && len(o.Names) > 1 {
		return badInput(hint.New("fetch one at a time, or leave --out out", "--out is for one name, but there are %d", len(o.Names)))
	}
	for _, name := range o.Names {
		if !slices.Contains(catalog.ModelNames(), name) && !slices.Contains(catalog.DataNames, name) {
			return badInput(hint.New("models: "+strings.Join(catalog.ModelNames(), ", ")+"; data sets: "+strings.Join(catalog.DataNames, ", "), "unknown name %q", name))
		}
	}
	for _, name := range o.Names {
		if err := o.fetch(ctx, name); err != nil {
			return err
		}
	}
	return nil
}

// fetch gets one model or data set.
func (o fetchOptions) fetch(ctx context.Context, name string) error {
	get, places, variable := catalog.FetchDataset, catalog.DataFolders(), "MSLORA_DATA_ENDPOINT"
	if slices.Contains(catalog.ModelNames(), name) {
		get, places, variable = catalog.FetchModel, catalog.ModelFolders(), "HF_ENDPOINT"
	}
	folder := o.Out
	if folder == "" {
		folder = catalog.Place(places, name)
	}
	options := catalog.FetchOptions{Endpoint: o.Endpoint, Offline: o.Offline, Force: o.Force}
	if options.Endpoint == "" {
		options.Endpoint = os.Getenv(variable)
	}
	if variable == "HF_ENDPOINT" {
		options.Client.Token = os.Getenv("HF_TOKEN")
	}
	clear := o.showProgress(name, &options)
	done, err := get(ctx, name, folder, options)
	clear()
	if err != nil {
		if o.Offline && !errors.Is(err, context.Canceled) {
			return badInput(err)
		}
		return err
	}
	if o.Quiet {
		return nil
	}
	state := "there already, complete"
	if done {
		state = "fetched"
	}
	if catalog.Unchecked(name) {
		state += fmt.Sprintf("; no checksums are known of it, `mslora poison --check %s` looks at what came", folder)
	}
	say(o.Stdout, "%s: %s (%s)", name, folder, state)
	return nil
}

// showProgress makes a download tell of its files, on a terminal with the share that has come. clear removes what is
// unfinished from the terminal.
func (o fetchOptions) showProgress(name string, options *catalog.FetchOptions) (clear func()) {
	if o.Quiet {
		return func() {}
	}
	file, ok := o.Stderr.(*os.File)
	terminal := ok && term.IsTerminal(int(file.Fd()))
	clear = func() {
		if terminal {
			fmt.Fprint(o.Stderr, "\r\x1b[K")
		}
	}
	current, printed := "", time.Time{}
	options.Replace = func(path string) { say(o.Stderr, "%s: replacing %s", name, path) }
	options.File = func(path string) {
		if current = visible.Line(path); !terminal { // a name from elsewhere
			fmt.Fprintf(o.Stderr, "%s: %s\n", name, current)
		}
	}
	options.Client.Progress = func(done, total int64) {
		if !terminal || time.Since(printed) < 200*time.Millisecond {
			return
		}
		printed = time.Now()
		of := ""
		if total > 0 {
			of = fmt.Sprintf(" of %.1f MiB, %d %%", float64(total)/(1<<20), 100*done/total)
		}
		fmt.Fprintf(o.Stderr, "\r\x1b[K%s: %s  %.1f%s", name, current, float64(done)/(1<<20), of)
	}
	return clear
}

// listCatalog prints what can be fetched and what is on this machine.
func listCatalog(out io.Writer) error {
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	where := func(folder string, err error) string {
		if err != nil {
			return "-"
		}
		return folder
	}
	fmt.Fprintln(table, "name\tkind\tsource\ton this machine")
	for _, m := range catalog.Models {
		fmt.Fprintf(table, "%s\tmodel\t%s\t%s\n", m.Name, m.Repository, where(catalog.ModelFolder(m.Name)))
	}
	for _, name := range catalog.DataNames {
		fmt.Fprintf(table, "%s\tdata set\tthe authors' release\t%s\n", name, where(catalog.DataFolder(name)))
	}
	return table.Flush()
}
