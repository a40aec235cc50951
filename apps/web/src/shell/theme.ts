import { createTheme } from '@mantine/core';

/** Controls are at least 44 px high: a finger in a glove. Colours have the contrast of WCAG 2.2 AA on both grounds. */
export const theme = createTheme({
  primaryColor: 'cyan',
  primaryShade: { light: 9, dark: 8 },
  autoContrast: true,
  luminanceThreshold: 0.35,
  defaultRadius: 'md',
  fontFamily: 'system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", "DejaVu Sans", sans-serif',
  respectReducedMotion: true,
  components: {
    Button: { defaultProps: { size: 'md' } },
    NativeSelect: { defaultProps: { size: 'md' } },
    TextInput: { defaultProps: { size: 'md' } },
    Textarea: { defaultProps: { size: 'md', autosize: true, minRows: 2 } },
    // Only an element with a role may have the label that each has.
    Loader: { defaultProps: { role: 'status' } },
    Modal: { defaultProps: { transitionProps: { duration: 0 }, centered: true } },
  },
});
