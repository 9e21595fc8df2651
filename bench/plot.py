"""The plot: for each part its bars, on a scale of their own, as a small SVG."""

from __future__ import annotations

from html import escape

from results import Part, number

WIDTH, ROW, LEFT, RIGHT = 760, 20, 250, 70
OURS, OTHERS = "#2f6f4f", "#b9b9b3"


def svg(parts: list[Part]) -> str:
    lines, y = [], 8
    for part in (part for part in parts if part.bars):
        lines.append(text(8, y + 14, part.bars_title, "bold"))
        y += 26
        longest = max(part.bars.values())
        for name, value in part.bars.items():
            length = max(1.0, (WIDTH - LEFT - RIGHT) * value / longest)
            colour = OURS if name.startswith("Keylatch") else OTHERS
            lines.append(text(LEFT - 8, y + 14, name, "normal", "end"))
            lines.append(f'<rect x="{LEFT}" y="{y + 3}" width="{length:.1f}" height="{ROW - 6}" fill="{colour}"/>')
            lines.append(text(LEFT + length + 6, y + 14, number(value)))
            y += ROW
        y += 12
    head = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {y}" font-family="sans-serif" font-size="12">'
    return "\n".join([head, f'<rect width="{WIDTH}" height="{y}" fill="#ffffff"/>', *lines, "</svg>", ""])


def text(x: float, y: float, words: str, weight: str = "normal", anchor: str = "start") -> str:
    return f'<text x="{x:.1f}" y="{y}" font-weight="{weight}" text-anchor="{anchor}">{escape(words)}</text>'
