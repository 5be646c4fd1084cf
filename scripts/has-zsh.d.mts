/** Types of has-zsh.mjs, for the test of completion in zsh. */
export function hasZsh(): boolean;
