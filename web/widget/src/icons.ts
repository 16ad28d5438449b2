import { icon } from "./dom.ts";

export const chat = (): SVGSVGElement => icon("M12 3.5c5 0 9 3.4 9 7.7s-4 7.8-9 7.8c-.9 0-1.8-.1-2.6-.4L5 20.500l.6-3.600C4 15.5 3 13.5 3 11.2 3 6.9 7 3.5 12 3.500Z", "M8 11.300h.01M12 11.300h.01M16 11.300h.01");
export const cross = (): SVGSVGElement => icon("M6 6l12 12M18 6L6 18");
export const send = (): SVGSVGElement => icon("M12 19V5M5.5 11.500L12 5l6.5 6.5");
export const save = (): SVGSVGElement => icon("M12 4v11M7 11l5 5 5-5M5 20h14");
export const down = (): SVGSVGElement => icon("M12 5v14M6 13l6 6 6-6");
export const spark = (): SVGSVGElement => icon("M12 4v3M12 17v3M4 12h3M17 12h3M6.3 6.300l2.2 2.200M15.5 15.500l2.2 2.200M17.7 6.300l-2.2 2.200M8.5 15.500l-2.2 2.2");
