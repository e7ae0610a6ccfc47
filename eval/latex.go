package eval

import (
	"fmt"
	"io"
	"strings"

	"mslora/internal/visible"
)

var latexSpecial = strings.NewReplacer(
	`\`, `\textbackslash{}`, "~", `\textasciitilde{}`, "^", `\textasciicircum{}`,
	"_", `\_`, "%", `\%`, "&", `\&`, "#", `\#`, "$", `\$`, "{", `\{`, "}", `\}`, "±", `$\,\pm\,$`,
	"[", "{[}", "]", "{]}", // after \\ a bracket would be a length
	"<", `\textless{}`, ">", `\textgreater{}`, "|", `\textbar{}`,
	"⟨", `$\langle$`, "⟩", `$\rangle$`) // of visible.Line

func latex(text string) string { return latexSpecial.Replace(visible.Line(text)) }

// latexHeader says what the tables need.
const latexHeader = "% \\usepackage{booktabs}\n"

// writeLaTeX prints a tabular environment.
func (s sheet) writeLaTeX(text *strings.Builder) {
	var names, layout []string
	for _, c := range s.columns {
		names = append(names, c.name)
		layout = append(layout, map[bool]string{false: "l", true: "r"}[c.number])
	}
	fmt.Fprintf(text, "\\begin{tabular}{%s}\n\\toprule\n%s \\\\\n", strings.Join(layout, ""), strings.Join(names, " & "))
	for i, line := range s.lines(func(_ column, cell string) string { return latex(cell) }) {
		if startsAttack(s.rows, i) {
			text.WriteString("\\midrule\n")
		}
		fmt.Fprintf(text, "%s \\\\\n", strings.Join(line, " & "))
	}
	text.WriteString("\\bottomrule\n\\end{tabular}\n")
}

// writeLaTeX prints a table environment for each data set and model, with the rules of the booktabs package.
func writeLaTeX(out io.Writer, rows []Row) error {
	var text strings.Builder
	text.WriteString(latexHeader)
	for _, block := range blocks(rows) {
		fmt.Fprintf(&text, "\\begin{table}\n\\centering\n\\caption{%s. %s}\n", latex(title(block[0])),
			latex(strings.Join(explanation(block), " ")))
		for i, s := range sheets(block) {
			if i > 0 {
				text.WriteString("\n\\medskip\n")
			}
			s.writeLaTeX(&text)
		}
		text.WriteString("\\end{table}\n")
	}
	_, err := io.WriteString(out, text.String())
	return err
}
