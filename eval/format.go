package eval

import (
	"encoding/csv"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/olekukonko/tablewriter"
	"github.com/olekukonko/tablewriter/renderer"
	"github.com/olekukonko/tablewriter/tw"

	"mslora/internal/hint"
)

// Formats that WriteTable knows.
var Formats = []string{"text", "markdown", "csv", "latex", "json"}

// WriteTable prints rows in a format. color makes the paper's numbers grey in text.
func WriteTable(out io.Writer, rows []Row, format string, color bool) error {
	switch format {
	case "text":
		return writeText(out, rows, color)
	case "markdown":
		return writeMarkdown(out, rows)
	case "csv":
		return writeCSV(out, rows)
	case "latex":
		return writeLaTeX(out, rows)
	case "json":
		encoder := json.NewEncoder(out)
		encoder.SetIndent("", "  ")
		return encoder.Encode(rows)
	}
	return hint.New("formats: "+strings.Join(Formats, ", "), "unknown format %q", format)
}

// header names the columns of a table for people; the paper's stand there if any row has them.
func header(block []Row) []string {
	if !hasPaper(block) {
		return []string{"Attack", "Method", "CACC", "ASR", "Floor"}
	}
	return []string{"Attack", "Method", "CACC", "Paper", "ASR", "Paper", "Floor"}
}

func hasPaper(block []Row) bool {
	return slices.ContainsFunc(block, func(r Row) bool { return r.Paper != nil })
}

// cells gives the lines of a table for people. The attack is named once for all of its methods. shade marks
// the paper's numbers.
func cells(block []Row, shade func(string) string) [][]string {
	var lines [][]string
	for i, r := range block {
		attack := r.Attack
		if r.Poison != "" {
			attack += " (" + r.Poison + ")"
		}
		if startsAttack := i == 0 || block[i-1].Attack != r.Attack || block[i-1].Poison != r.Poison; !startsAttack {
			attack = ""
		}
		asr, paperCACC, paperASR := "-", "", ""
		if r.ASR != nil {
			asr = r.ASR.String()
		}
		if r.Paper != nil {
			paperCACC, paperASR = shade(fmt.Sprintf("(%.2f)", r.Paper.CACC)), shade(fmt.Sprintf("(%.2f)", r.Paper.ASR))
		}
		line := []string{attack, DisplayName(r.Method), r.CACC.String(), paperCACC, asr, paperASR, r.Floor.String()}
		if !hasPaper(block) {
			line = slices.Delete(slices.Delete(line, 5, 6), 3, 4)
		}
		lines = append(lines, line)
	}
	return lines
}

// alignment sets names left and numbers right.
func alignment(columns int) tw.Alignment {
	a := tw.Alignment{tw.AlignLeft, tw.AlignLeft}
	for len(a) < columns {
		a = append(a, tw.AlignRight)
	}
	return a
}

// DisplayName is a method's name as the paper prints it.
func DisplayName(method string) string {
	names := map[string]string{
		"vanilla": "Vanilla", "lora": "LoRA", "adapter": "Adapter", "prefix": "Prefix", "musclelora": "MuScleLoRA",
		"lora+mslr": "MS+LR", "ga+lora": "LR+GA", "ga": "GA",
	}
	if name, ok := names[method]; ok {
		return name
	}
	return method
}

func plain(text string) string { return text }

// blocks splits rows where data set or model changes.
func blocks(rows []Row) [][]Row {
	var all [][]Row
	for i, r := range rows {
		if i == 0 || r.Dataset != rows[i-1].Dataset || r.Model != rows[i-1].Model {
			all = append(all, nil)
		}
		all[len(all)-1] = append(all[len(all)-1], r)
	}
	return all
}

func title(r Row) string { return fmt.Sprintf("%s, %s", r.Dataset, r.Model) }

// explanation stands below every table for people.
const explanation = "CACC: accuracy on clean test texts, higher is better. ASR: poisoned texts classified as the target label,\n" +
	"lower is better. Floor: clean texts of other classes classified so, what a harmless trigger would score."

func writeText(out io.Writer, rows []Row, color bool) error {
	shade := plain
	if color {
		shade = func(text string) string { return "\x1b[90m" + text + "\x1b[0m" }
	}
	for _, block := range blocks(rows) {
		fmt.Fprintln(out, title(block[0]))
		if err := render(tablewriter.NewTable(out,
			tablewriter.WithHeaderAutoFormat(tw.Off), tablewriter.WithAlignment(alignment(len(header(block)))),
		), block, shade); err != nil {
			return err
		}
	}
	_, err := fmt.Fprintln(out, explanation)
	return err
}

func render(table *tablewriter.Table, block []Row, shade func(string) string) error {
	table.Header(header(block))
	for _, line := range cells(block, shade) {
		if err := table.Append(line); err != nil {
			return err
		}
	}
	return table.Render()
}

func writeMarkdown(out io.Writer, rows []Row) error {
	for i, block := range blocks(rows) {
		if i > 0 {
			fmt.Fprintln(out)
		}
		fmt.Fprintf(out, "**%s**\n\n", title(block[0]))
		if err := render(tablewriter.NewTable(out, tablewriter.WithRenderer(renderer.NewMarkdown()),
			tablewriter.WithHeaderAutoFormat(tw.Off), tablewriter.WithAlignment(alignment(len(header(block)))),
		), block, plain); err != nil {
			return err
		}
	}
	_, err := fmt.Fprintln(out, "\n"+explanation)
	return err
}

func writeCSV(out io.Writer, rows []Row) error {
	w := csv.NewWriter(out)
	w.Write([]string{"dataset", "model", "attack", "poison", "method", "seeds", "cacc", "cacc_deviation", "asr", "asr_deviation", "floor", "paper_cacc", "paper_asr"})
	number := func(x float64) string { return fmt.Sprintf("%.4f", x) }
	for _, r := range rows {
		record := []string{r.Dataset, r.Model, r.Attack, r.Poison, r.Method, fmt.Sprint(r.CACC.Seeds), number(r.CACC.Mean), number(r.CACC.Deviation), "", "", number(r.Floor.Mean), "", ""}
		if r.ASR != nil {
			record[8], record[9] = number(r.ASR.Mean), number(r.ASR.Deviation)
		}
		if r.Paper != nil {
			record[11], record[12] = fmt.Sprintf("%.2f", r.Paper.CACC), fmt.Sprintf("%.2f", r.Paper.ASR)
		}
		w.Write(record)
	}
	w.Flush()
	return w.Error()
}

var latexSpecial = strings.NewReplacer(`\`, `\textbackslash{}`, "_", `\_`, "%", `\%`, "&", `\&`, "#", `\#`, "$", `\$`, "{", `\{`, "}", `\}`, "±", `$\pm$`)

// writeLaTeX prints booktabs tables.
func writeLaTeX(out io.Writer, rows []Row) error {
	for _, block := range blocks(rows) {
		names := header(block)
		fmt.Fprintf(out, "\\begin{table}\n\\centering\n\\caption{%s}\n", latexSpecial.Replace(title(block[0])))
		fmt.Fprintf(out, "\\begin{tabular}{ll%s}\n\\toprule\n%s \\\\\n", strings.Repeat("r", len(names)-2), strings.Join(names, " & "))
		for _, line := range cells(block, plain) {
			if line[0] != "" {
				fmt.Fprintln(out, `\midrule`)
			}
			for j := range line {
				line[j] = latexSpecial.Replace(line[j])
			}
			fmt.Fprintf(out, "%s \\\\\n", strings.Join(line, " & "))
		}
		if _, err := fmt.Fprintln(out, "\\bottomrule\n\\end{tabular}\n\\end{table}"); err != nil {
			return err
		}
	}
	return nil
}
